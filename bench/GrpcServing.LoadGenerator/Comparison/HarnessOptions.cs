using System.Globalization;

namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>What is compared, how long and where. The defaults are those of the committed results.</summary>
internal sealed record HarnessOptions
{
    public IReadOnlyList<BenchModel> Models { get; init; } = BenchModel.All;

    public IReadOnlyList<int> Concurrency { get; init; } = [1, 8, 64, 256];

    public IReadOnlyList<Contender> Contenders { get; init; } = Contender.All;

    /// <summary>Many short ones rather than few long ones: a neighbour's burst then spoils few ratios.</summary>
    public int Rounds { get; init; } = 9;

    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan Warmup { get; init; } = TimeSpan.FromSeconds(0.3);

    /// <summary>False: what was published before is used.</summary>
    public bool Publish { get; init; } = true;

    /// <summary>Windows are appended to it, and the tables cover all of it; null = those of this run.</summary>
    public string? Samples { get; init; }

    /// <summary>Where the Markdown goes besides standard output; null = nowhere.</summary>
    public string? Report { get; init; }

    /// <summary>Only the tables of <see cref="Samples"/>.</summary>
    public bool ReportOnly { get; init; }

    public string ServerCore { get; init; } = "0";

    public string LoadCore { get; init; } = "1";

    public const string Usage = """
        compare: our server, its policies, the baselines and the model alone, side by side under h2load
        memory:  managed bytes and collections by size of the body, working set over a million requests
        start:   from the start of the process to readiness, and the first two seconds of load

        All publish as native code, pin servers to one core and the load to the other, and print Markdown.

          --contenders deadline,greedy,delay-100us,delay-500us,delay-1ms,delay-2ms,both-cores,naive,echo,best
          --build NAME=EXECUTABLE   another published server as a contender; may be repeated
          --publish false           use what was published before
          --report FILE.md          write the tables there too
          --server-core 0   --load-core 1
          --rounds 9

        compare only:
          --models tiny,digits,mid,resnet,encoder      --concurrency 1,8,64,256
          --window 1   --warmup 0.3                    seconds counted in each round, and before them
          --quick true              2 rounds, two fixed delays
          --samples FILE.csv        append every window; the tables cover the whole file
          --report-only true        only the tables of --samples
        """;

    /// <exception cref="FormatException">Names the argument, what was expected and what was found.</exception>
    public static HarnessOptions Parse(string[] args)
    {
        var options = new HarnessOptions();
        var builds = new List<Contender>();
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]} needs a value.");
            options = args[i] switch
            {
                "--models" => options with { Models = [.. value.Split(',').Select(name => Named(args[i], name, BenchModel.All, static model => model.Name))] },
                "--concurrency" => options with { Concurrency = [.. value.Split(',').Select(number => Whole(args[i], number))] },
                "--contenders" => options with { Contenders = [.. value.Split(',').Select(name => Named(args[i], name, Contender.All, static contender => contender.Name))] },
                "--build" => Add(options, builds, value),
                "--rounds" => options with { Rounds = Whole(args[i], value) },
                "--window" => options with { Window = Seconds(args[i], value) },
                "--warmup" => options with { Warmup = Seconds(args[i], value) },
                "--quick" => Flag(args[i], value) ? Quick(options) : options,
                "--publish" => options with { Publish = Flag(args[i], value) },
                "--samples" => options with { Samples = value },
                "--report" => options with { Report = value },
                "--report-only" => options with { ReportOnly = Flag(args[i], value) },
                "--server-core" => options with { ServerCore = value },
                "--load-core" => options with { LoadCore = value },
                _ => throw new FormatException($"{args[i]} is no argument."),
            };
        }
        if (options is { ReportOnly: true, Samples: null }) throw new FormatException("--report-only needs --samples.");
        return options with { Contenders = [.. options.Contenders, .. builds] };
    }

    private static HarnessOptions Quick(HarnessOptions options) => options with
    {
        Rounds = 2,
        Contenders = [.. options.Contenders.Where(static contender => contender.Name is not ("delay-100us" or "delay-1ms"))],
    };

    private static HarnessOptions Add(HarnessOptions options, List<Contender> builds, string value)
    {
        var parts = value.Split('=', 2);
        if (parts.Length != 2 || !File.Exists(parts[1])) throw new FormatException($"--build ({value}) must be NAME=EXECUTABLE.");
        builds.Add(Contender.Build(parts[0], Path.GetFullPath(parts[1])));
        return options;
    }

    private static T Named<T>(string argument, string name, IReadOnlyList<T> all, Func<T, string> nameOf) =>
        all.FirstOrDefault(one => nameOf(one) == name) ?? throw new FormatException($"{argument} ({name}) must be of {string.Join(", ", all.Select(nameOf))}.");

    private static int Whole(string argument, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw new FormatException($"{argument} ({value}) must be a whole number above 0.");

    private static TimeSpan Seconds(string argument, string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 1e6 ? TimeSpan.FromSeconds(number) : throw new FormatException($"{argument} ({value}) must be seconds above 0.");

    private static bool Flag(string argument, string value) =>
        bool.TryParse(value, out var flag) ? flag : throw new FormatException($"{argument} ({value}) must be true or false.");
}
