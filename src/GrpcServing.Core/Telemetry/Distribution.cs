using System.Collections.Immutable;
using System.Diagnostics;

namespace GrpcServing.Telemetry;

/// <summary>A request that fell into a bucket, as an example of it.</summary>
/// <param name="Value">What was measured.</param>
/// <param name="UnixSeconds">When, wall clock.</param>
public readonly record struct Exemplar(ActivityTraceId TraceId, ActivitySpanId SpanId, double Value, double UnixSeconds)
{
    public bool IsNone => UnixSeconds == 0;
}

/// <summary>Counts values by bucket.</summary>
/// <remarks>Its owner's lock guards it. Budget: a few nanoseconds and 0 B per value; the first exemplar allocates room for all.</remarks>
internal sealed class Distribution(ImmutableArray<double> bounds)
{
    private readonly long[] _counts = new long[bounds.Length + 1];
    private readonly double[] _sums = new double[bounds.Length + 1];
    private Exemplar[]? _exemplars;

    public void Add(double value)
    {
        var bucket = BucketOf(value);
        _counts[bucket]++;
        _sums[bucket] += value;
    }

    /// <summary>Makes a value that was added the example of its bucket.</summary>
    public void Illustrate(in Exemplar exemplar) => (_exemplars ??= new Exemplar[_counts.Length])[BucketOf(exemplar.Value)] = exemplar;

    public DistributionSnapshot Snapshot() => new(bounds, [.. _counts], [.. _sums], _exemplars is null ? [] : [.. _exemplars]);

    private int BucketOf(double value)
    {
        var (low, high) = (0, bounds.Length);
        while (low < high)
        {
            var middle = (low + high) >> 1;
            if (value <= bounds[middle]) high = middle;
            else low = middle + 1;
        }
        return low;
    }
}

/// <summary>A distribution at one instant.</summary>
/// <param name="Bounds">Upper bounds of all buckets but the last, which has none.</param>
/// <param name="Counts">Values by bucket, one more than bounds.</param>
/// <param name="Sums">Sum of the values by bucket.</param>
/// <param name="Exemplars">By bucket; empty when there are none.</param>
public sealed record DistributionSnapshot(ImmutableArray<double> Bounds, ImmutableArray<long> Counts, ImmutableArray<double> Sums, ImmutableArray<Exemplar> Exemplars)
{
    public long Count => Counts.Sum();

    public double Sum => Sums.Sum();

    /// <param name="other">Of the same bounds, or null for none; its exemplars are the newer.</param>
    public DistributionSnapshot Plus(DistributionSnapshot? other) => other is null ? this : this with
    {
        Counts = Totals.Plus(Counts, other.Counts),
        Sums = [.. Sums.Zip(other.Sums, static (mine, theirs) => mine + theirs)],
        Exemplars = Exemplars.IsEmpty ? other.Exemplars : other.Exemplars.IsEmpty ? Exemplars : [.. Exemplars.Zip(other.Exemplars, static (mine, theirs) => theirs.IsNone ? mine : theirs)],
    };
}
