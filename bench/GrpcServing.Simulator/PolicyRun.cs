using GrpcServing.Batching;
using GrpcServing.Simulator.Policies;

namespace GrpcServing.Simulator;

/// <summary>Runs a policy by its name, tuning those that need it for the trace at hand.</summary>
internal sealed class PolicyRun(Profile profile, Arrival[] trace, int executors, ulong seed, TimeProvider? stopwatch = null)
{
    public const string Ours = "deadline";

    public static readonly string[] Names =
        [Ours, "eager", "delay", "delay-reject", "lazy-edf", "nexus", "clockwork", "bentoml", "symphony", "symphony-frontrun"];

    private readonly long _slack = (long)Trace.MeanSlack(trace);

    public Outcome Run(string policy) => policy switch
    {
        Ours => Simulate(CreateOurs(), WithDeadline),
        "eager" => Simulate(new GreedyScheduler(Settings(profile.MaxRows), new ProfileTable(profile)), Plain),
        "delay" => Best(reject: false),
        "delay-reject" => Best(reject: true),
        "lazy-edf" => Simulate(new LazyEdfScheduler(profile, executors), WithDeadline),
        "nexus" => Simulate(new NexusScheduler(profile, executors, _slack), WithDeadline),
        "clockwork" => Simulate(new ClockworkScheduler(profile, executors), WithDeadline),
        "bentoml" => Simulate(new BentoMlScheduler(profile, executors), WithDeadline),
        "symphony" => Simulate(new SymphonyScheduler(profile, executors, _slack, frontrun: false), WithDeadline),
        "symphony-frontrun" => Simulate(new SymphonyScheduler(profile, executors, _slack, frontrun: true), WithDeadline),
        _ => throw Unknown(policy),
    };

    public static void Check(string policy)
    {
        if (!Names.Contains(policy)) throw Unknown(policy);
    }

    private static InputException Unknown(string policy) => new($"--policy {policy}: unknown; expected one of {string.Join(", ", Names)}.");

    private DeadlineScheduler CreateOurs()
    {
        // As the server does it: the table is filled by a sweep over the sizes before the first request.
        var table = new MeasuredLatencyTable(profile.MaxRows);
        for (var rows = 1; rows <= profile.MaxRows; rows++) table.Observe(0, rows, profile.Ticks(rows));
        return new DeadlineScheduler(Settings(profile.MaxRows), table);
    }

    /// <summary>The best of 8 sizes, 4 delays and, with rejection, 6 queue timeouts for this trace.</summary>
    private Outcome Best(bool reject)
    {
        Outcome? best = null;
        var mostRows = trace.Length == 0 ? 1 : trace.Max(static arrival => arrival.Rows);
        double[] timeouts = reject ? [0.2, 0.35, 0.5, 0.65, 0.8, 0.95] : [0];
        for (var eighth = 1; eighth <= 8; eighth++)
        {
            var size = Math.Max(mostRows, (int)Math.Ceiling(profile.MaxRows * Math.Pow(2, (eighth - 8) * 0.75)));
            foreach (var delay in (ReadOnlySpan<double>)[0, 0.1, 0.2, 0.4])
            {
                foreach (var timeout in timeouts)
                {
                    var scheduler = new DelayScheduler(Settings(size) with { MaxQueueDelayTicks = (long)(delay * _slack) }, new ProfileTable(profile));
                    var limit = timeout;
                    var outcome = Simulate(scheduler, arrival => new SimulatedRequest
                    {
                        ArrivedAt = arrival.At,
                        Rows = arrival.Rows,
                        TrueDeadline = arrival.Deadline,
                        QueueExpiry = reject ? arrival.At + (long)(limit * (arrival.Deadline - arrival.At)) : long.MaxValue,
                    });
                    if (best is null || outcome.OnTime > best.OnTime) best = outcome;
                }
            }
        }
        return best!;
    }

    private SchedulerSettings Settings(int maxRows) => new()
    {
        MaxBatchRows = maxRows,
        Executors = executors,
        TicksPerSecond = Profile.TicksPerSecond,
        Seed = seed,
    };

    private Outcome Simulate(Scheduler scheduler, Func<Arrival, SimulatedRequest> toEntry) =>
        new Simulation(profile, scheduler, executors, stopwatch).Run(trace, toEntry);

    private static SimulatedRequest Plain(Arrival arrival) => new() { ArrivedAt = arrival.At, Rows = arrival.Rows, TrueDeadline = arrival.Deadline };

    private static SimulatedRequest WithDeadline(Arrival arrival) =>
        new() { ArrivedAt = arrival.At, Rows = arrival.Rows, TrueDeadline = arrival.Deadline, Deadline = arrival.Deadline };
}
