namespace GrpcServing.Batching;

/// <summary>Forms batches of copies: oldest first, of the size that gets most done in the time that the primaries leave, or none.</summary>
/// <remarks>
/// As pure as every scheduler: what it knows of the device is <see cref="View"/>, which its owner fills before it asks. A copy whose run was cut
/// short comes back by <see cref="Requeue"/>, to its old place in line; one that grows too old is refused with
/// <see cref="ErrorReason.QueueTimeout"/> (its <see cref="QueueEntry.QueueExpiry"/>).
/// </remarks>
internal sealed class SlackScheduler : QueueingScheduler
{
    // Buckets looked at for one decision: beyond it, hostile shapes would make it slow.
    private const int MostBuckets = 16;

    // A batch must get this much done, next to the best that could run if no primary waited; else the primary goes first, and copies after it.
    // Simulator, ResNet50, 50 ms, load 0.5, gamma 0.8 / 0.9: coverage .48 / .59 at 0, .52 / .65 at 0.6, .48 / .63 at 0.8, .34 / .52 at 0.9.
    private const double LeastWorth = 0.65;

    private readonly SlackRule _rule;
    private readonly BatchCosts _costs;
    private long _lastEndAt = long.MinValue;
    private int _running;

    public SlackScheduler(SchedulerSettings settings, LatencyTable table, SlackRule rule)
        : base(settings with { Levels = 1, MaxQueueSizes = [] }, table, queuesPerBucket: 1)
    {
        _rule = rule;
        _costs = new BatchCosts(table, settings.MaxBatchRows);
    }

    public SlackView View { get; } = new();

    /// <summary>Whether copies had the device for a while since then: one runs now, or a run has ended well. Any thread.</summary>
    public bool HasRunSince(long instant) => Volatile.Read(ref _running) > 0 || Volatile.Read(ref _lastEndAt) >= instant;

    /// <summary>Takes a copy back whose run did not answer it. It left in a batch, which has been reported as finished.</summary>
    /// <param name="companyRows">Most rows of the next batch it may be in, to find out whose fault it was; 0 = any.</param>
    public void Requeue(QueueEntry entry, int companyRows, long now)
    {
        if (companyRows > 0) entry.CompanyRows = companyRows;
        else entry.Preemptions++;
        if (Draining || entry.QueueExpiry <= now) Refuse(entry, Draining ? ErrorReason.VersionNotReady : ErrorReason.QueueTimeout);
        else Enqueue(entry);
    }

    /// <summary>Turns away everything that waits.</summary>
    public void RefuseAll(ErrorReason reason)
    {
        while (Waiting.Count > 0)
        {
            var position = 0;
            while (Waiting.Bucket(position).Count == 0) position++;
            var entry = Waiting.Bucket(position)[0][0];
            Remove(entry);
            Refuse(entry, reason);
        }
    }

    /// <summary>Copies are nobody's loss: what waits is turned away.</summary>
    public override void Drain()
    {
        base.Drain();
        RefuseAll(ErrorReason.VersionNotReady);
    }

    protected override ErrorReason Judge(QueueEntry entry, long now) => Draining ? ErrorReason.VersionNotReady : base.Judge(entry, now);

    protected override int QueueOf(QueueEntry entry) => 0;

    protected override long Order(QueueEntry entry, long now) => entry.ArrivedAt;

    protected override Decision Form(long now, Batch batch)
    {
        if (!_rule.IsOpen(View)) return Decision.WaitUntil(View.LookAgainAt);
        BucketQueue? oldest = null;
        var rows = 0;
        for (var i = 0; i < Math.Min(MostBuckets, Waiting.Buckets); i++)
        {
            var bucket = Waiting.Bucket(i);
            if (oldest is not null && !Precedes(bucket[0], oldest[0])) continue;
            if (Size(bucket, now) is > 0 and var size) (oldest, rows) = (bucket, size);
        }
        if (oldest is null) return Decision.WaitUntil(View.LookAgainAt);
        Take(oldest, rows, batch);
        batch.CloseReason = BatchCloseReason.ExecutorFree;
        return Decision.Start;
    }

    public override void Finished(Batch batch, bool succeeded, long startedAt, long now)
    {
        base.Finished(batch, succeeded, startedAt, now);
        Volatile.Write(ref _running, _running - 1);
        if (succeeded) Volatile.Write(ref _lastEndAt, now);
    }

    protected override void Started(Batch batch, long now) => Volatile.Write(ref _running, _running + 1);

    private static bool Precedes(EntryQueue queue, EntryQueue other) =>
        queue.Key(0) < other.Key(0) || (queue.Key(0) == other.Key(0) && queue[0].Sequence < other[0].Sequence);

    /// <summary>Rows of the batch that gets most done within the slack; 0 when none may start.</summary>
    private int Size(BucketQueue bucket, long now)
    {
        var queue = bucket[0];
        _costs.Load(bucket.BucketId);
        var smallest = queue[0].Rows;
        // Nothing is known of its time: one copy alone, on a resting device, and terminated when a primary comes.
        if (!_costs.IsKnown) return _rule.Allows(View, 0, single: true, now) ? smallest : 0;
        var (best, bestWorth, worthAtRest) = (0, 0.0, 0.0);
        for (var rows = smallest; rows <= Math.Min(Settings.MaxBatchRows, queue.Rows); rows++)
        {
            var ticks = _costs.Ticks[rows];
            if (!_rule.AllowsAtRest(View, ticks, single: rows == smallest)) break;
            var worth = _rule.Worth(View, rows, ticks);
            worthAtRest = Math.Max(worthAtRest, worth);
            // A larger batch must be clearly better: it is more to lose.
            if (worth > bestWorth * 1.01 && _rule.Allows(View, ticks, single: rows == smallest, now)) (best, bestWorth) = (rows, worth);
        }
        return bestWorth < LeastWorth * worthAtRest ? 0 : best;
    }

    /// <summary>Moves copies into the batch in order, those that fit beside the ones before.</summary>
    private void Take(BucketQueue bucket, int rows, Batch batch)
    {
        batch.BucketId = bucket.BucketId;
        var queue = bucket[0];
        var (taken, among) = (0, 0);
        for (var i = 0; i < queue.Count && batch.Rows < rows; i++)
        {
            var entry = queue[i];
            var limit = entry.CompanyRows == 0 ? rows : Math.Min(rows, Math.Max(entry.Rows, entry.CompanyRows));
            if (batch.Rows + entry.Rows > limit) continue;
            rows = limit;
            Take(entry, batch);
            taken++;
            among = i + 1;
        }
        Waiting.RemoveTaken(bucket, 0, taken, among);
    }
}
