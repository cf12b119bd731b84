namespace GrpcServing.LoadGenerator.Comparison;

internal enum ContenderKind
{
    /// <summary>Our server.</summary>
    Server,
    /// <summary>A service of bench/GrpcServing.Baselines.</summary>
    Baseline,
    /// <summary>No server: batches of the best size, run by one thread.</summary>
    InProcess,
}

/// <summary>One of those that are compared.</summary>
/// <param name="Setting">Of a server: its model.json, "" for none. Of a baseline: which.</param>
/// <param name="BothCores">It may use the core of the load as well.</param>
/// <param name="Executable">Another build of the server; null for the published one.</param>
internal sealed record Contender(string Name, ContenderKind Kind, string Setting = "", bool BothCores = false, string? Executable = null)
{
    public const string Ours = "deadline";
    public const string Naive = "naive";
    public const string Echo = "echo";
    public const string Best = "best";
    public const string BothCoresName = "both-cores";

    public static IReadOnlyList<Contender> All { get; } =
    [
        new(Ours, ContenderKind.Server),
        new("greedy", ContenderKind.Server, """{ "batching": { "policy": "greedy" } }"""),
        Delay("delay-100us", "00:00:00.0001"),
        Delay("delay-500us", "00:00:00.0005"),
        Delay("delay-1ms", "00:00:00.001"),
        Delay("delay-2ms", "00:00:00.002"),
        new(BothCoresName, ContenderKind.Server, BothCores: true),
        new(Naive, ContenderKind.Baseline, "naive"),
        new(Echo, ContenderKind.Baseline, "echo"),
        new(Best, ContenderKind.InProcess),
    ];

    /// <summary>Whether it is a policy tuned by hand, which the default one is to match.</summary>
    public static bool IsTuned(string name) => name == "greedy" || name.StartsWith("delay-", StringComparison.Ordinal);

    /// <summary>Another build of the server with default settings.</summary>
    public static Contender Build(string name, string executable) => new(name, ContenderKind.Server, Executable: executable);

    private static Contender Delay(string name, string delay) =>
        new(name, ContenderKind.Server, $$"""{ "batching": { "policy": "delay", "maxQueueDelay": "{{delay}}" } }""");
}
