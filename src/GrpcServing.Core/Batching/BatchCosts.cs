namespace GrpcServing.Batching;

/// <summary>A copy of l(b) for one bucket and what follows from it; read from the table only when that has changed.</summary>
/// <param name="besideTicks">As <see cref="SchedulerSettings.BesideTicks"/>.</param>
internal sealed class BatchCosts(LatencyTable table, int maxRows, long besideTicks = 0)
{
    /// <summary>Most that a batch that counts as equally good may get done less per tick, however noisy the times are.</summary>
    private const double MostNoise = 0.06;

    /// <summary>The same where one of the two has not run for long: what others do to the caches has changed since, and with it what both cost.</summary>
    private const double OldDoubt = 0.15;

    private readonly long[] _ticks = new long[maxRows + 1];
    private long _version = -1;
    private int _bucketId = -1;

    /// <summary>By rows, [0] unused. Never falls with more rows.</summary>
    public long[] Ticks => _ticks;

    public bool IsKnown => _ticks[1] > 0;

    /// <summary>
    /// Rows from which on a larger batch does not get more done per tick, what it costs beside its run included: 1 where batching does not pay. Of sizes
    /// that the noise of their times cannot tell apart the largest: on a flat profile the best one measured is the luckiest, and fewer batches are safe.
    /// </summary>
    public int BestRows { get; private set; }

    /// <summary>Most rows, not beyond a limit, for the time of this many: kernels that work in blocks of rows give l(b) steps.</summary>
    public int LastOfStep(int rows, int limit)
    {
        while (rows < limit && _ticks[rows + 1] - _ticks[rows] <= _ticks[rows] / 512) rows++;
        return rows;
    }

    public void Load(int bucketId)
    {
        if (bucketId == _bucketId && table.Version == _version && _version >= 0) return;
        (_bucketId, _version) = (bucketId, table.Version);
        var beside = besideTicks * table.Stretch(bucketId);
        (BestRows, var best) = (1, 0.0);
        for (var rows = 1; rows < _ticks.Length; rows++)
        {
            _ticks[rows] = table.Estimate(bucketId, rows);
            var rate = rows / Math.Max(1, _ticks[rows] + beside);
            if (rate > best * 1.001) (BestRows, best) = (rows, rate);
        }
        BestRows = LargestAlike(bucketId, beside, best);
    }

    private int LargestAlike(int bucketId, double beside, double best)
    {
        for (var rows = _ticks.Length - 1; rows > BestRows; rows--)
        {
            // A size that never ran is a guess from its neighbours, which speak for themselves.
            if (table.Noise(bucketId, rows) > 0 && rows / (_ticks[rows] + beside) >= best * (1 - Doubt(bucketId, rows))) return rows;
        }
        return BestRows;
    }

    /// <summary>Share by which the best size and a larger one may differ and yet be equal.</summary>
    private double Doubt(int bucketId, int rows)
    {
        if (IsOld(bucketId, BestRows) || IsOld(bucketId, rows)) return OldDoubt;
        return Math.Min(MostNoise, Math.Max(table.Noise(bucketId, BestRows), table.Noise(bucketId, rows)));
    }

    private bool IsOld(int bucketId, int rows) => table.Age(bucketId, rows) is > BucketProfile.OldAge and < long.MaxValue;
}
