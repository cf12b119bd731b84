namespace GrpcServing.Batching;

/// <summary>Earliest deadline first; what cannot make its deadline is refused.</summary>
internal sealed class DeadlineScheduler(SchedulerSettings settings, LatencyTable table) : QueueingScheduler(settings, table, settings.Levels)
{
    protected override int QueueOf(QueueEntry entry) => entry.Level;

    protected override long Order(QueueEntry entry, long now) => Math.Min(entry.Deadline, Demoted - 1);

    protected override long LatestStart(QueueEntry entry) => entry.Deadline - Math.Max(1, Table.Estimate(entry.BucketId, entry.Rows));

    protected override Decision Form(long now, Batch batch)
    {
        var bucket = Waiting.Bucket(0);
        for (var i = 1; i < Waiting.Buckets; i++)
            if (Head(Waiting.Bucket(i)).OrderKey < Head(bucket).OrderKey) bucket = Waiting.Bucket(i);
        var level = Head(bucket).Level;
        batch.BucketId = bucket.BucketId;
        var queue = bucket[level];
        var taken = 0;
        while (taken < queue.Count && batch.Rows + queue[taken].Rows <= Settings.MaxBatchRows
            && now + Table.Estimate(bucket.BucketId, batch.Rows + queue[taken].Rows) <= queue[0].Deadline)
            Take(queue[taken++], batch);
        Waiting.RemoveTaken(bucket, level, taken, taken);
        return Decision.Start;
    }

    private static QueueEntry Head(BucketQueue bucket)
    {
        for (var level = 0; ; level++)
            if (bucket[level].Count > 0) return bucket[level][0];
    }
}
