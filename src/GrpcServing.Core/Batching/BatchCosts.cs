namespace GrpcServing.Batching;

/// <summary>A copy of l(b) for one bucket and what follows from it; read from the table only when that has changed.</summary>
/// <param name="besideTicks">As <see cref="SchedulerSettings.BesideTicks"/>.</param>
internal sealed class BatchCosts(LatencyTable table, int maxRows, long besideTicks = 0)
{
    private readonly long[] _ticks = new long[maxRows + 1];
    private long _version = -1;
    private int _bucketId = -1;

    /// <summary>By rows, [0] unused. Never falls with more rows.</summary>
    public long[] Ticks => _ticks;

    public bool IsKnown => _ticks[1] > 0;

    /// <summary>Rows from which on a larger batch does not get more done per tick, what it costs beside its run included: 1 where batching does not pay.</summary>
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
    }
}
