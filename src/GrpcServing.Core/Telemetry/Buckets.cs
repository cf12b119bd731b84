using System.Collections.Immutable;

namespace GrpcServing.Telemetry;

/// <summary>Upper bounds of the histograms, ascending; a value belongs to the first bound that it does not exceed.</summary>
public static class Buckets
{
    /// <summary>Durations: 0.1 ms to 10 s.</summary>
    public static ImmutableArray<double> Seconds { get; } = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    public static ImmutableArray<double> Rows { get; } = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

    /// <summary>Actual over planned time of a batch.</summary>
    public static ImmutableArray<double> PlanRatio { get; } = [0.5, 0.75, 0.9, 0.95, 1, 1.05, 1.1, 1.25, 1.5, 2, 4, 10];

    /// <summary>Probability of the class that was predicted.</summary>
    public static ImmutableArray<double> Confidence { get; } = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];
}
