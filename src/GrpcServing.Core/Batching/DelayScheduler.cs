using System.Collections.Immutable;

namespace GrpcServing.Batching;

/// <summary>Triton's dynamic batcher: preferred sizes, and a largest delay counted from the oldest entry.</summary>
/// <remarks>
/// <para>
/// A batch leaves with the largest preferred size that the head of the queue adds up to exactly; or with all that fits, once that is the
/// largest preferred size, no more fits, or the oldest member has waited <see cref="SchedulerSettings.MaxQueueDelayTicks"/>.
/// </para>
/// <para>Unlike Triton, entries of another shape do not end a batch, and a queue timeout is noticed when it passes, not at the next poll.</para>
/// </remarks>
internal sealed class DelayScheduler : FirstInFirstOutScheduler
{
    private readonly ImmutableArray<int> _preferred;

    public DelayScheduler(SchedulerSettings settings, LatencyTable table)
        : base(settings, table) =>
        _preferred = settings.PreferredBatchSizes.IsDefaultOrEmpty ? [settings.MaxBatchRows] : settings.PreferredBatchSizes;

    protected override Decision Form(long now, Batch batch)
    {
        BucketQueue? ready = null;
        var wakeAt = long.MaxValue;
        for (var i = 0; i < Waiting.Buckets; i++)
        {
            var bucket = Waiting.Bucket(i);
            var leavesAt = LeavesAt(bucket[0], now);
            if (leavesAt > now) wakeAt = Math.Min(wakeAt, leavesAt);
            else if (ready is null || Precedes(bucket[0], ready[0])) ready = bucket;
        }
        if (ready is null) return Decision.WaitUntil(wakeAt);

        var (entries, rows, reason) = Choose(ready[0], now);
        TakeFirst(ready, entries, batch);
        batch.CloseReason = Draining ? BatchCloseReason.Draining : reason;
        return Decision.Start;
    }

    private long LeavesAt(EntryQueue queue, long now)
    {
        if (Draining) return now;
        var (entries, _, reason) = Choose(queue, now);
        return reason is BatchCloseReason.Full or BatchCloseReason.PreferredSize ? now : DelayedUntil(queue, entries);
    }

    private (int Entries, int Rows, BatchCloseReason Reason) Choose(EntryQueue queue, long now)
    {
        var (entries, rows, full) = Fit(queue);
        if (now >= DelayedUntil(queue, entries)) return (entries, rows, BatchCloseReason.Delay);

        var (preferredEntries, preferredRows) = LargestPreferred(queue, entries);
        if (preferredEntries > 0) return (preferredEntries, preferredRows, BatchCloseReason.PreferredSize);
        return (entries, rows, full || rows >= _preferred[^1] ? BatchCloseReason.Full : BatchCloseReason.Delay);
    }

    private (int Entries, int Rows) LargestPreferred(EntryQueue queue, int entries)
    {
        var (best, bestRows, rows) = (0, 0, 0);
        for (var i = 0; i < entries; i++)
        {
            rows += queue[i].Rows;
            if (_preferred.BinarySearch(rows) >= 0) (best, bestRows) = (i + 1, rows);
        }
        return (best, bestRows);
    }

    /// <summary>When the oldest of the first so many entries has waited as long as it may: not always the first, levels overtake.</summary>
    private long DelayedUntil(EntryQueue queue, int entries)
    {
        var oldest = queue[0].ArrivedAt;
        for (var i = 1; i < entries; i++) oldest = Math.Min(oldest, queue[i].ArrivedAt);
        return oldest + Settings.MaxQueueDelayTicks;
    }
}
