namespace GrpcServing.Batching;

/// <summary>l(b) of one shape bucket: what was measured, and from it a plan for every size.</summary>
/// <remarks>
/// <para>
/// Between two measured sizes the plan is on the line between them; below the smallest it is the smallest, which the batch can be padded
/// to; above the largest it grows in proportion to the rows. Then l'(b) = min over b' >= b, so more rows never cost less. A batch is
/// really padded only where the gain is clear of the noise of both sizes.
/// </para>
/// <para>
/// Sizes are compared by what they cost the device; how much longer than that a run takes at present, because others use it too, is one factor for
/// all of them. Else a size would look bad for having run when the machine was busy.
/// </para>
/// </remarks>
internal sealed class BucketProfile(int maxRows)
{
    /// <summary>Runs of other sizes after which a measurement no longer outweighs its neighbours: else a size that was once measured slow, and is avoided for it, would stay slow for ever.</summary>
    private const long FreshFor = 1024;

    /// <summary>Runs of other sizes after which what a size took is of another time, and worth looking at again.</summary>
    public const long OldAge = FreshFor / 2;

    /// <summary>One, of the factor between cost and length: kept as a whole number.</summary>
    private const long FactorUnit = 1024;

    private readonly SizeSamples _factors = new();
    private readonly SizeSamples?[] _samples = new SizeSamples?[maxRows + 1];
    private readonly long[] _measured = new long[maxRows + 1];
    private readonly long[] _spread = new long[maxRows + 1];
    private readonly long[] _planned = new long[maxRows + 1];
    private readonly int[] _padded = new int[maxRows + 1];
    private long _factor = FactorUnit;
    private long _runs;
    private long _refreshAt = FreshFor;

    /// <summary>When the bucket was last asked for, in the table's count of calls.</summary>
    public long LastUse { get; set; }

    public bool IsKnown => _runs > 0;

    /// <summary>As <see cref="LatencyTable.Stretch"/>.</summary>
    public double Stretch => _factor / (double)FactorUnit;

    public long Planned(int rows) => Length(_planned[rows]);

    public int Padded(int rows) => IsKnown ? _padded[rows] : rows;

    public long Runs(int rows) => _samples[rows]?.Runs ?? 0;

    /// <summary>The quantile of this size's own runs; 0 when it never ran.</summary>
    public long Measured(int rows) => Length(_measured[rows]);

    public long Age(int rows) => _samples[rows] is { } samples ? _runs - samples.LastRun : long.MaxValue;

    /// <returns>True when plans may have changed.</returns>
    public bool Observe(int rows, long ticks, long cost)
    {
        cost = Math.Max(1, cost);
        _factors.Add((long)(ticks / (double)cost * FactorUnit), _runs);
        var isStretched = Math.Abs(_factors.Estimate - _factor) * 50 > _factor;
        if (isStretched) _factor = _factors.Estimate;
        return ObserveCost(rows, cost) || isStretched;
    }

    private bool ObserveCost(int rows, long cost)
    {
        var samples = _samples[rows] ??= new SizeSamples();
        if (_runs - samples.LastRun > OldAge) samples.Forget();
        samples.Add(cost, ++_runs);
        var estimate = samples.Estimate;
        // A change of less than half a percent is not worth the pass over all sizes.
        if (Math.Abs(estimate - _measured[rows]) * 200 <= _measured[rows] && _measured[rows] > 0 && samples.Runs > 8 && _runs < _refreshAt) return false;
        _measured[rows] = estimate;
        _spread[rows] = samples.Spread;
        if (_runs >= _refreshAt) _refreshAt = _runs + FreshFor;
        Plan();
        return true;
    }

    private long Length(long cost) => _factor == FactorUnit ? cost : (long)(cost * Stretch);

    private void Plan()
    {
        Interpolate(skipStale: false);
        if (_runs > FreshFor) Interpolate(skipStale: true);
        for (var rows = _planned.Length - 1; rows >= 1; rows--)
        {
            _padded[rows] = rows;
            if (rows + 1 == _planned.Length || _planned[rows + 1] >= _planned[rows]) continue;
            var larger = _padded[rows + 1];
            if (_planned[rows + 1] + Math.Max(_spread[rows], _spread[larger]) < _planned[rows]) _padded[rows] = larger;
            _planned[rows] = _planned[rows + 1];
        }
        _planned[0] = 0;
    }

    /// <param name="skipStale">Second pass: lowers sizes that have not run for long to what the fresh ones around them say.</param>
    private void Interpolate(bool skipStale)
    {
        var left = 0;
        for (var right = 1; right <= _planned.Length; right++)
        {
            var isEnd = right == _planned.Length;
            if (!isEnd && !Counts(right, skipStale)) continue;
            if (isEnd && left == 0) return;
            for (var rows = left + 1; rows < right; rows++)
            {
                var ticks = left == 0 ? _measured[right]
                    : isEnd ? (long)(_measured[left] * ((double)rows / left))
                    : _measured[left] + (long)((double)(_measured[right] - _measured[left]) * (rows - left) / (right - left));
                _planned[rows] = skipStale ? Math.Min(_planned[rows], ticks) : ticks;
            }
            if (isEnd) return;
            if (!skipStale) _planned[right] = _measured[right];
            left = right;
        }
    }

    private bool Counts(int rows, bool skipStale) =>
        _samples[rows] is { } samples && (!skipStale || _runs - samples.LastRun <= FreshFor);
}
