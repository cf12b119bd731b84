using System.CommandLine;
using System.Globalization;

namespace GrpcServing.Shadowing;

/// <summary><c>gserve shadow verdict</c>: the server's disagreement test over a file of zeros and ones, wherever they come from.</summary>
internal static class VerdictCommand
{
    private const string Description = """
        Decide from a file of 0/1 lines whether a candidate disagrees more often than a budget allows.

        Each line is one request: 0 where the candidate agrees, 1 where it disagrees, in the order they
        came. Blank lines are skipped. Prints one JSON object:

          verdict        PASS (below the budget), FAIL (above it) or UNDECIDED. The first decision,
                         looked for after every pair; later lines do not change it.
          pairs          lines with a 0 or a 1
          disagreements  ones among them
          eValue         evidence against the budget after the last line; null where it is too large
                         for a number, use logE then
          logE           its natural logarithm
          lower, upper   confidence sequence of the disagreement rate after the last line
          decidedAt      number of the pair that decided (the first is 1); null when UNDECIDED

        PASS or FAIL is wrong with probability at most alpha, both together, however often one looks,
        if requests are independent and their rate is constant.

        Exit code: 0. With --gate: 0 PASS, 1 FAIL, 2 UNDECIDED. 64 a wrong command line, 65 a line
        that is neither 0 nor 1, 66 a file that cannot be read.
        """;

    public static Command Create(CommandStreams streams)
    {
        var pairs = new Option<string>("--pairs") { Description = "The file; - reads standard input.", Required = true, HelpName = "FILE" };
        var (budget, alpha) = (Budget(), Alpha());
        var gate = new Option<bool>("--gate") { Description = "Make the exit code the verdict, for CI." };
        var command = new Command("verdict", Description) { pairs, budget, alpha, gate };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(pairs), new BetaBinomialTest(parsed.GetValue(budget), parsed.GetValue(alpha)), parsed.GetValue(gate), streams));
        return command;
    }

    public static Option<double> Budget() => Rate("--budget", "Share of requests that may disagree.", .01);

    public static Option<double> Alpha() => Rate("--alpha", "Probability of a wrong verdict.", .05);

    /// <summary>The verdict as an exit code, for CI.</summary>
    public static int Gate(Verdict verdict) => verdict switch
    {
        Verdict.Pass => ExitCodes.Success,
        Verdict.Fail => ExitCodes.Fail,
        _ => ExitCodes.Undecided,
    };

    private static Option<double> Rate(string name, string description, double byDefault) => new(name)
    {
        Description = $"{description} Above 0 and below 1.",
        DefaultValueFactory = _ => byDefault,
        HelpName = "RATE",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var rate) && rate is > 0 and < 1) return rate;
            result.AddError($"{name} ({text}) must be a number above 0 and below 1.");
            return 0;
        },
    };

    private static int Run(string file, BetaBinomialTest test, bool gate, CommandStreams streams)
    {
        try
        {
            using var opened = file == "-" ? null : File.OpenRead(file);
            var reader = new PairReader(opened ?? streams.Input);
            while (reader.Next() is { } disagrees) test.Observe(disagrees);
        }
        catch (InvalidDataException fault)
        {
            streams.Error.WriteLine($"{(file == "-" ? "Standard input" : file)}, {fault.Message}");
            return ExitCodes.InvalidInput;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            streams.Error.WriteLine($"--pairs {file} cannot be read: {fault.Message}");
            return ExitCodes.NoInput;
        }

        streams.Output.WriteLine(VerdictJson.Write(test));
        return gate ? Gate(test.Verdict) : ExitCodes.Success;
    }
}
