using System.Globalization;

namespace GrpcServing.Simulator;

/// <summary>The whole comparison as Markdown: on-time fraction of all offered requests, every policy, over the scenarios.</summary>
/// <param name="seed">Of the first trace of a cell; the next ones have the next seeds.</param>
/// <param name="traces">Of a cell, whose mean is shown: by one trace of 12000 requests alone two policies may differ by .005 that serve the same.</param>
/// <param name="only">Scenarios whose name contains this; empty for all.</param>
internal sealed class ComparisonTable(int requests, ulong seed, int traces, string only)
{
    private static readonly double[] Loads = [0.7, 0.9, 1.0, 1.2, 2.0];

    private static readonly Scenario[] Scenarios =
    [
        new("ResNet50 1.082 b + 5.204 ms, 25 ms", Profile.Linear(0.001082, 0.005204, 64), [0.025], [1], 1),
        new("ResNet50 1.082 b + 5.204 ms, 50 ms", Profile.Linear(0.001082, 0.005204, 64), [0.050], [1], 1),
        new("ResNet50 1.082 b + 5.204 ms, 100 ms", Profile.Linear(0.001082, 0.005204, 64), [0.100], [1], 1),
        new("ResNet50, mixed 25 and 100 ms", Profile.Linear(0.001082, 0.005204, 64), [0.025, 0.100], [1], 1),
        new("ResNet50, 1, 2 or 8 rows, 50 ms", Profile.Linear(0.001082, 0.005204, 64), [0.050], [1, 2, 8], 1),
        new("ResNet50, 25 ms, 4 executors", Profile.Linear(0.001082, 0.005204, 64), [0.025], [1], 4),
        new("V100 ResNet50 (Clockwork), 100 ms", new Profile([(1, 0.00273), (2, 0.00405), (4, 0.00588), (8, 0.00993), (16, 0.01733)]), [0.100], [1], 1),
        new("Flat 15 + 0.03 b ms, 25 ms", Profile.Linear(0.00003, 0.015, 32), [0.025], [1], 1),
        new("Stepped 4 + 3 per 4 rows ms, 50 ms", new Profile([.. Enumerable.Range(1, 32).Select(static rows => (rows, 0.004 + 0.003 * ((rows + 3) / 4)))]), [0.050], [1], 1),
        new("Cliff: YOLOv5s CPU (8x at 16), 1 s", new Profile([(1, 0.06279), (2, 0.12087), (4, 0.19755), (8, 0.39903), (16, 3.19841)]), [1.0], [1], 1),
        new("Not monotone: BERT CPU, 150 ms", new Profile([(1, 0.05037), (2, 0.04651), (4, 0.0423), (8, 0.04013), (16, 0.0613)]), [0.150], [1], 1),
        new("Through zero: ResNet50 CPU 96.2 b ms, 400 ms", Profile.Linear(0.0962, 0, 16), [0.400], [1], 1),
    ];

    public void Write(TextWriter output, string[] args)
    {
        output.WriteLine("# Batching policies in the simulator");
        output.WriteLine();
        output.WriteLine(Provenance.Lines(args));
        output.WriteLine();
        output.WriteLine($"On-time fraction of all offered requests, mean of {traces} traces of {requests} requests per cell, seeds from {seed}. Load 1.0 is the largest rate that one can promise");
        output.WriteLine("to serve whole: max of b / l(b) with 2 l(b) within the (mean) deadline. `ratio` is ours over the exact offline optimum, where there is one; `ahead` ours less");
        output.WriteLine("the best baseline of the cell, with the standard error over the traces.");
        foreach (var scenario in Scenarios.Where(scenario => scenario.Name.Contains(only, StringComparison.OrdinalIgnoreCase)))
        {
            output.WriteLine();
            output.WriteLine($"## {scenario.Name}");
            output.WriteLine();
            output.WriteLine($"| arrivals | load | {string.Join(" | ", PolicyRun.Names)} | optimum | ratio | ahead |");
            output.WriteLine($"|---|---|{string.Concat(Enumerable.Repeat("---|", PolicyRun.Names.Length + 3))}");
            var cells = Enum.GetValues<ArrivalProcess>().SelectMany(static process => Loads, static (process, load) => (process, load));
            foreach (var row in cells.AsParallel().AsOrdered().Select(cell => Row(scenario, cell.process, cell.load))) output.WriteLine(row);
            output.Flush();
        }
    }

    private string Row(Scenario scenario, ArrivalProcess process, double load)
    {
        var fractions = new double[PolicyRun.Names.Length][];
        for (var policy = 0; policy < fractions.Length; policy++) fractions[policy] = new double[traces];
        var (hasOptimum, optima) = (scenario is { Executors: 1, Slacks.Length: 1, Rows.Length: 1 }, 0.0);
        for (var i = 0; i < traces; i++)
        {
            var trace = new Workload(seed + (ulong)i).Create(process, load * scenario.SteadyRate, requests, scenario.Slacks, scenario.Rows);
            var run = new PolicyRun(scenario.Profile, trace, scenario.Executors, seed + (ulong)i);
            for (var policy = 0; policy < fractions.Length; policy++) fractions[policy][i] = run.Run(PolicyRun.Names[policy]).OnTimeFraction;
            if (hasOptimum) optima += (double)Optimum.Solve(scenario.Profile, trace) / requests;
        }
        double[] means = [.. fractions.Select(Enumerable.Average)];
        var (optimum, ratio) = hasOptimum ? (Fraction(optima / traces), Fraction(means[0] * traces / optima)) : ("", "");
        var best = 1 + Array.IndexOf(means[1..], means[1..].Max());
        double[] ahead = [.. fractions[0].Zip(fractions[best], static (ours, other) => ours - other)];
        return $"| {process} | {load.ToString("0.0", CultureInfo.InvariantCulture)} | {string.Join(" | ", means.Select(Fraction))} | {optimum} | {ratio} | {Difference(ahead.Average())}{Error(ahead)} |";
    }

    private static string Error(double[] values)
    {
        if (values.Length == 1) return "";
        var mean = values.Average();
        return $" ± {Fraction(Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1) / values.Length))}";
    }

    /// <summary>With its sign; what rounds to nothing is +0.0000.</summary>
    internal static string Difference(double value) =>
        // Rounded first: a custom format gives what it rounds to zero the positive section and the minus sign as well.
        (Math.Round(value, 4) + 0.0).ToString("+0.0000;-0.0000", CultureInfo.InvariantCulture);

    private static string Fraction(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
}
