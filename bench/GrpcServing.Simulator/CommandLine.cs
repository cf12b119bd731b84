using System.Globalization;

namespace GrpcServing.Simulator;

/// <summary>The commands and their options.</summary>
internal static class CommandLine
{
    /// <summary>Requests of the rehearsal.</summary>
    private const int Rehearsal = 4000;

    private const string Usage = """
        GrpcServing.Simulator: the server's batching code and published policies on virtual time.

          run --profile P.csv --trace T.csv --policy NAME [--executors N] [--seed S]
              One JSON object: what became of the requests of the trace.
          optimum --profile P.csv --trace T.csv
              {"optimum": n}: the most requests any schedule answers in time on one executor; single rows, deadlines in order of arrival.
          table [--requests N] [--seed S] [--traces N] [--only PART OF A TITLE]
              Every policy x profile x load x arrival process, each the mean of so many traces, as Markdown.
          shadow [--requests N] [--seed S]
              What the shadow lane costs the primary and how many copies it compares, over loads and arrival processes, as Markdown.

        P.csv has the header rows,seconds (ascending rows; sizes between are interpolated), T.csv the header arrival,deadline,rows
        (absolute seconds, sorted by arrival).
        Policies:
        """;

    public static int Run(string[] args, TextWriter output)
    {
        if (args is [] or ["--help"] or ["-h"])
        {
            output.WriteLine($"{Usage} {string.Join(", ", PolicyRun.Names)}.");
            return 0;
        }
        switch (args[0])
        {
            case "run":
                Simulate(Options(args, "--profile", "--trace", "--policy", "--executors", "--seed"), output);
                return 0;
            case "optimum":
                Optimize(Options(args, "--profile", "--trace"), output);
                return 0;
            case "table":
                var options = Options(args, "--requests", "--seed", "--traces", "--only");
                var (requests, seed) = ((int)Whole(options, "--requests", 20_000, 100, 10_000_000), (ulong)Whole(options, "--seed", 1, 0, int.MaxValue));
                new ComparisonTable(requests, seed, (int)Whole(options, "--traces", 1, 1, 1000), options.GetValueOrDefault("--only", "")).Write(output, args);
                return 0;
            case "shadow":
                var mirrored = Options(args, "--requests", "--seed");
                new ShadowTable((int)Whole(mirrored, "--requests", 20_000, 100, 10_000_000), (ulong)Whole(mirrored, "--seed", 1, 0, long.MaxValue)).Write(output, args);
                return 0;
            default:
                throw new InputException($"{args[0]}: unknown command; expected run, optimum, table or shadow (--help shows their options).");
        }
    }

    private static void Simulate(Dictionary<string, string> options, TextWriter output)
    {
        var policy = Required(options, "--policy");
        PolicyRun.Check(policy);
        var executors = (int)Whole(options, "--executors", 1, 1, 1024);
        var seed = (ulong)Whole(options, "--seed", 1, 0, long.MaxValue);
        var profile = Profile.Read(Required(options, "--profile"));
        var trace = Trace.Read(Required(options, "--trace"), profile.MaxRows);
        // The code is compiled when it first runs, which is no part of a decision: what is timed has run before.
        new PolicyRun(profile, trace[..Math.Min(trace.Length, Rehearsal)], executors, seed).Run(policy);
        var outcome = new PolicyRun(profile, trace, executors, seed, TimeProvider.System).Run(policy);
        output.WriteLine(OutcomeJson.Write(outcome));
    }

    private static void Optimize(Dictionary<string, string> options, TextWriter output)
    {
        var profile = Profile.Read(Required(options, "--profile"));
        var path = Required(options, "--trace");
        var trace = Trace.Read(path, profile.MaxRows);
        Optimum.Check(trace, path);
        output.WriteLine($"{{\"optimum\": {Optimum.Solve(profile, trace)}}}");
    }

    private static Dictionary<string, string> Options(string[] args, params string[] known)
    {
        var options = new Dictionary<string, string>();
        for (var i = 1; i < args.Length; i += 2)
        {
            if (!known.Contains(args[i])) throw new InputException($"{args[i]}: unknown option of {args[0]}; expected {string.Join(", ", known)}.");
            if (i + 1 == args.Length) throw new InputException($"{args[i]}: a value is missing.");
            if (!options.TryAdd(args[i], args[i + 1])) throw new InputException($"{args[i]}: given twice.");
        }
        return options;
    }

    private static string Required(Dictionary<string, string> options, string name) =>
        options.GetValueOrDefault(name) ?? throw new InputException($"{name} is missing.");

    private static long Whole(Dictionary<string, string> options, string name, long otherwise, long least, long most)
    {
        if (!options.TryGetValue(name, out var text)) return otherwise;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most) return value;
        throw new InputException($"{name} {text}: must be an integer from {least} to {most}.");
    }
}
