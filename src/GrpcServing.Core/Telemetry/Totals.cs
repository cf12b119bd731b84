using System.Collections.Immutable;

namespace GrpcServing.Telemetry;

/// <summary>Sums of counts that are kept by index.</summary>
internal static class Totals
{
    /// <param name="theirs">As long as <paramref name="mine"/>.</param>
    public static ImmutableArray<long> Plus(ImmutableArray<long> mine, ImmutableArray<long> theirs) =>
        [.. mine.Zip(theirs, static (left, right) => left + right)];

    public static ImmutableArray<DistributionSnapshot?> Plus(ImmutableArray<DistributionSnapshot?> mine, ImmutableArray<DistributionSnapshot?> theirs) =>
        [.. mine.Zip(theirs, static (left, right) => left?.Plus(right) ?? right)];
}
