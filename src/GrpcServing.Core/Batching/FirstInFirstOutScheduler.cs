namespace GrpcServing.Batching;

/// <summary>Order of the policies without deadlines: by level, within a level those in time before those moved back, then as they came.</summary>
internal abstract class FirstInFirstOutScheduler(SchedulerSettings settings, LatencyTable table) : QueueingScheduler(settings, table, queuesPerBucket: 1)
{
    protected override int QueueOf(QueueEntry entry) => 0;

    protected override long Order(QueueEntry entry, long now) => 2L * entry.Level;

    protected override long DemotedOrder(QueueEntry entry) => 2L * entry.Level + 1;

    /// <summary>Whether the head of one bucket goes before the head of another.</summary>
    protected static bool Precedes(EntryQueue queue, EntryQueue other)
    {
        var (key, otherKey) = (queue.Key(0), other.Key(0));
        return key < otherKey || (key == otherKey && queue[0].Sequence < other[0].Sequence);
    }

    /// <summary>Moves the first so many entries of a bucket into the batch.</summary>
    protected void TakeFirst(BucketQueue bucket, int entries, Batch batch)
    {
        batch.BucketId = bucket.BucketId;
        for (var i = 0; i < entries; i++) Take(bucket[0][i], batch);
        Waiting.RemoveTaken(bucket, 0, entries, entries);
    }

    /// <summary>How many entries from the head fit a batch, and whether the next one is what ends it.</summary>
    protected (int Entries, int Rows, bool Full) Fit(EntryQueue queue)
    {
        var rows = 0;
        for (var i = 0; i < queue.Count; i++)
        {
            if (rows + queue[i].Rows > Settings.MaxBatchRows) return (i, rows, true);
            rows += queue[i].Rows;
        }
        return (queue.Count, rows, rows == Settings.MaxBatchRows);
    }
}
