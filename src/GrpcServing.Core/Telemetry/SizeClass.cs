using System.Collections.Immutable;
using System.Numerics;

namespace GrpcServing.Telemetry;

/// <summary>Batch sizes in classes that double, so that their number is bounded whatever a model's batch limit is.</summary>
internal static class SizeClass
{
    /// <summary>1, 2, 3-4, 5-8, ..., 32769-65536.</summary>
    public static ImmutableArray<string> Labels { get; } =
        ["1", "2", .. Enumerable.Range(2, 15).Select(static power => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{(1 << (power - 1)) + 1}-{1 << power}"))];

    /// <param name="rows">At least 1; what is beyond the last class counts to it.</param>
    public static int Of(int rows) => Math.Min(Labels.Length - 1, 32 - BitOperations.LeadingZeroCount((uint)(rows - 1)));
}
