namespace GrpcServing.Batching;

/// <summary>What waits of one shape bucket, in as many queues as the policy keeps apart.</summary>
internal sealed class BucketQueue
{
    private readonly EntryQueue[] _queues;

    public BucketQueue(int queues)
    {
        _queues = new EntryQueue[queues];
        for (var i = 0; i < queues; i++) _queues[i] = new EntryQueue();
    }

    public int BucketId { get; set; }

    /// <summary>Its place in <see cref="WaitingEntries"/>.</summary>
    public int Position { get; set; }

    public EntryQueue this[int queue] => _queues[queue];

    /// <summary>Entries in all queues; kept by <see cref="WaitingEntries"/>.</summary>
    public int Count { get; set; }
}
