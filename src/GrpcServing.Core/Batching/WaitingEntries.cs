namespace GrpcServing.Batching;

/// <summary>Everything that waits in a lane: by shape bucket, then by queue, in order.</summary>
/// <remarks>
/// The number of buckets that wait at one time is bounded by the entries that wait; a bucket whose last entry leaves gives its queues to
/// the next one. 0 bytes per call in steady state.
/// </remarks>
internal sealed class WaitingEntries(int levels, int queuesPerBucket)
{
    private readonly Dictionary<int, BucketQueue> _byBucket = [];
    private readonly Stack<BucketQueue> _spare = [];
    private readonly List<BucketQueue> _buckets = [];
    private readonly int[] _entriesByLevel = new int[levels];
    private BucketQueue? _recent;

    public int Count { get; private set; }

    public int Rows { get; private set; }

    /// <summary>Buckets in which something waits, in no particular but a repeatable order.</summary>
    public int Buckets => _buckets.Count;

    public BucketQueue Bucket(int position) => _buckets[position];

    public int EntriesIn(int level) => _entriesByLevel[level];

    public void Add(QueueEntry entry, int queue)
    {
        var bucket = Open(entry.BucketId);
        bucket[queue].Add(entry);
        bucket.Count++;
        entry.IsQueued = true;
        Count++;
        Rows += entry.Rows;
        _entriesByLevel[entry.Level]++;
    }

    public void Remove(QueueEntry entry, int queue)
    {
        var bucket = Open(entry.BucketId);
        bucket[queue].Remove(entry);
        Forget(entry);
        Left(bucket, 1);
    }

    /// <summary>Marks an entry as gone from its queue; <see cref="RemoveTaken"/> then takes all marked ones out together.</summary>
    public void Forget(QueueEntry entry)
    {
        entry.IsQueued = false;
        Count--;
        Rows -= entry.Rows;
        _entriesByLevel[entry.Level]--;
    }

    /// <param name="taken">How many were marked in this queue.</param>
    /// <param name="among">They are among the first so many.</param>
    public void RemoveTaken(BucketQueue bucket, int queue, int taken, int among)
    {
        if (taken == 0) return;
        bucket[queue].RemoveTaken(among);
        Left(bucket, taken);
    }

    private BucketQueue Open(int bucketId)
    {
        // A model with fixed shapes has one bucket for ever.
        if (_recent is not null && _recent.BucketId == bucketId) return _recent;
        if (!_byBucket.TryGetValue(bucketId, out var bucket))
        {
            bucket = _spare.Count > 0 ? _spare.Pop() : new BucketQueue(queuesPerBucket);
            bucket.BucketId = bucketId;
            bucket.Position = _buckets.Count;
            _byBucket.Add(bucketId, bucket);
            _buckets.Add(bucket);
            if (_buckets[0].Count == 0 && bucket.Position > 0) Close(_buckets[0]);
        }
        return _recent = bucket;
    }

    private void Left(BucketQueue bucket, int entries)
    {
        bucket.Count -= entries;
        // The last bucket stays open even when empty: no dictionary traffic for models with one.
        if (bucket.Count == 0 && _buckets.Count > 1) Close(bucket);
    }

    private void Close(BucketQueue bucket)
    {
        var moved = _buckets[^1];
        _buckets[bucket.Position] = moved;
        moved.Position = bucket.Position;
        _buckets.RemoveAt(_buckets.Count - 1);
        _byBucket.Remove(bucket.BucketId);
        _spare.Push(bucket);
        if (_recent == bucket) _recent = null;
    }
}
