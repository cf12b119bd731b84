using System.Globalization;

namespace GrpcServing.LoadGenerator;

/// <summary>A deadline and how often it is given, relative to the others.</summary>
/// <param name="Seconds">0 = none.</param>
internal readonly record struct DeadlineShare(double Seconds, double Weight);

/// <summary>A stretch of time at a multiple of the rate.</summary>
internal readonly record struct Burst(double Start, double Length, double Factor);

/// <summary>What to send, how often, for how long. Times in seconds.</summary>
internal sealed record LoadOptions
{
    /// <summary>What the tables call it; "" = its model.</summary>
    public string Name { get; init; } = "";

    /// <summary>Times that each scenario is run, one scenario after the other.</summary>
    public int Rounds { get; init; } = 1;

    public string Url { get; init; } = "http://127.0.0.1:8001";

    public string Model { get; init; } = "digits";

    public string Version { get; init; } = "";

    public double Rate { get; init; } = 100;

    public double Duration { get; init; } = 10;

    public double Warmup { get; init; } = 2;

    public int Seed { get; init; } = 1;

    /// <summary>Coefficient of variation of the gaps: 0 = constant, 1 = Poisson, otherwise Gamma.</summary>
    public double GapVariation { get; init; } = 1;

    public IReadOnlyList<DeadlineShare> Deadlines { get; init; } = [new(0, 1)];

    public int Rows { get; init; } = 1;

    public IReadOnlyDictionary<string, long> OpenDimensions { get; init; } = new Dictionary<string, long>();

    public int Connections { get; init; } = 4;

    public Burst? Burst { get; init; }

    /// <summary>Scenarios that <c>--and</c> separates; each begins with what the first says.</summary>
    /// <exception cref="FormatException">Names the argument, what was expected and what was found.</exception>
    public static IReadOnlyList<LoadOptions> ParseScenarios(string[] args)
    {
        var scenarios = new List<LoadOptions>();
        for (var rest = args.AsSpan(); ;)
        {
            var end = rest.IndexOf("--and");
            scenarios.Add(Parse(end < 0 ? rest : rest[..end], scenarios.Count == 0 ? new LoadOptions() : scenarios[0]));
            if (end < 0) return scenarios;
            rest = rest[(end + 1)..];
        }
    }

    private static LoadOptions Parse(ReadOnlySpan<string> args, LoadOptions options)
    {
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]} needs a value.");
            options = args[i] switch
            {
                "--name" => options with { Name = value },
                "--rounds" => options with { Rounds = (int)Positive(args[i], value) },
                "--url" => options with { Url = value },
                "--model" => options with { Model = value },
                "--version" => options with { Version = value },
                "--rate" => options with { Rate = Positive(args[i], value) },
                "--duration" => options with { Duration = Positive(args[i], value) },
                "--warmup" => options with { Warmup = Number(args[i], value) },
                "--seed" => options with { Seed = (int)Number(args[i], value) },
                "--arrivals" => options with { GapVariation = Variation(value) },
                "--deadline" => options with { Deadlines = [.. value.Split(',').Select(Share)] },
                "--rows" => options with { Rows = (int)Positive(args[i], value) },
                "--dim" => options with { OpenDimensions = new Dictionary<string, long>(options.OpenDimensions) { [value.Split('=')[0]] = (long)Positive(args[i], value.Split('=').Last()) } },
                "--connections" => options with { Connections = (int)Positive(args[i], value) },
                "--burst" => options with { Burst = ParseBurst(value) },
                _ => throw new FormatException($"{args[i]} is no argument."),
            };
        }
        return options;
    }

    private static double Variation(string value) => value switch
    {
        "constant" => 0,
        "poisson" => 1,
        _ when value.StartsWith("gamma:", StringComparison.Ordinal) => Positive("--arrivals gamma", value[6..]),
        _ => throw new FormatException($"--arrivals ({value}) must be poisson, constant or gamma:CV."),
    };

    private static DeadlineShare Share(string text)
    {
        var parts = text.Split(':');
        return new DeadlineShare(Number("--deadline", parts[0]), parts.Length > 1 ? Positive("--deadline weight", parts[1]) : 1);
    }

    private static Burst ParseBurst(string text)
    {
        var parts = text.Split(':');
        if (parts.Length != 3) throw new FormatException($"--burst ({text}) must be START:LENGTH:FACTOR.");
        return new Burst(Number("--burst start", parts[0]), Positive("--burst length", parts[1]), Positive("--burst factor", parts[2]));
    }

    private static double Positive(string name, string value) =>
        Number(name, value) is > 0 and var number ? number : throw new FormatException($"{name} ({value}) must be more than 0.");

    private static double Number(string name, string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= 0 ? number : throw new FormatException($"{name} ({value}) must be a number of at least 0.");
}
