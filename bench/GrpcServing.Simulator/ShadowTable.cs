using System.Globalization;
using GrpcServing.Batching;

namespace GrpcServing.Simulator;

/// <summary>What mirroring everything costs the primary and how much of it gets compared, as Markdown, over loads and burstiness.</summary>
internal sealed class ShadowTable(int requests, ulong seed)
{
    private const double Deadline = 0.050;
    private static readonly long MaxAge = Profile.ToTicks(2);
    private static readonly double[] Loads = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

    private static readonly (string Name, SlackSettings Settings)[] Forms =
    [
        ("preempt", new SlackSettings { SinglesMayOverrun = true }),
        ("defer .8", new SlackSettings { Defers = true, Gamma = 0.8, MaxPrimaryDelay = long.MaxValue / 2 }),
        ("defer .9", new SlackSettings { Defers = true, Gamma = 0.9, MaxPrimaryDelay = long.MaxValue / 2 }),
        ("defer .9, 10 ms", new SlackSettings { Defers = true, Gamma = 0.9, MaxPrimaryDelay = Profile.ToTicks(0.010) }),
    ];

    private static readonly Scenario ResNet = new("ResNet50", Profile.Linear(0.001082, 0.005204, 64), [Deadline], [1], 1);

    public void Write(TextWriter output, string[] args)
    {
        output.WriteLine("# The shadow lane in the simulator");
        output.WriteLine();
        output.WriteLine(Provenance.Lines(args));
        output.WriteLine();
        output.WriteLine($"ResNet50 (1.082 b + 5.204 ms) with a deadline of {Deadline * 1000:0} ms shares one device with a candidate of the same profile that gets a copy of every request;");
        output.WriteLine($"{requests} requests per cell, seed {seed}. A copy that has not run after 2 s is dropped. `alone`: requests answered in time without the lane. Then for each");
        output.WriteLine("form: the change of that in points, the share of copies that ran, and the longest that the device was kept from a waiting primary. `preempt` is the");
        output.WriteLine("server's: a run of copies ends when a request arrives. `defer g`: copies go first where the deadlines leave room (gamma g); the last with a bound of 10 ms.");
        output.WriteLine();
        output.WriteLine($"| arrivals | load | alone | {string.Join(" | ", Forms.Select(static form => $"{form.Name}: points | coverage | delay ms"))} |");
        output.WriteLine($"|---|---|---|{string.Concat(Enumerable.Repeat("---|", 3 * Forms.Length))}");
        foreach (var process in Enum.GetValues<ArrivalProcess>())
            foreach (var load in Loads) output.WriteLine(Row(process, load));
    }

    private string Row(ArrivalProcess process, double load)
    {
        var trace = new Workload(seed).Create(process, load * ResNet.SteadyRate, requests, ResNet.Slacks, ResNet.Rows);
        var alone = Run(trace, Forms[0].Settings, mirror: false).Primary.OnTimeFraction;
        var cells = Forms.Select(form =>
        {
            var outcome = Run(trace, form.Settings, mirror: true);
            var points = (outcome.Primary.OnTimeFraction - alone) * 100;
            return Invariant($"{points:+0.00;-0.00;0.00} | {outcome.Coverage:0.00} | {outcome.LongestDelay / 1e6:0.0}");
        });
        return Invariant($"| {process} | {load:0.0} | {alone:0.0000} | ") + string.Join(" | ", cells) + " |";
    }

    private ShadowOutcome Run(Arrival[] trace, SlackSettings settings, bool mirror) => new ShadowSimulation(ResNet.Profile, ResNet.Profile, settings, MaxAge, seed).Run(trace, mirror);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
