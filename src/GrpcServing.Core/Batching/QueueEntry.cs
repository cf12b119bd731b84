namespace GrpcServing.Batching;

/// <summary>What a scheduler knows of a request. The server's and the simulator's requests derive from it.</summary>
/// <remarks>
/// Written by the producer before <see cref="Scheduler.Arrive"/>; from then until it leaves the scheduler (in a batch, as a refusal, or
/// by <see cref="Scheduler.Cancel"/>) only the scheduler's owner touches it. All instants are ticks of one monotonic clock whose unit
/// the scheduler does not need to know.
/// </remarks>
public abstract class QueueEntry
{
    /// <summary>When the request was admitted.</summary>
    public long ArrivedAt { get; set; }

    /// <summary>Latest instant at which its batch must be finished, the return margin already taken off; <see cref="long.MaxValue"/> = none.</summary>
    public long Deadline { get; set; } = long.MaxValue;

    /// <summary>When a Triton-style queue policy gives up on it; <see cref="long.MaxValue"/> = never.</summary>
    public long QueueExpiry { get; set; } = long.MaxValue;

    /// <summary>What happens at <see cref="QueueExpiry"/>: false = refused, true = served after all others.</summary>
    public bool DelayOnExpiry { get; set; }

    /// <summary>Rows it adds to a batch, at least 1, at most the batch limit.</summary>
    public int Rows { get; set; } = 1;

    /// <summary>Entries of different buckets never share a batch.</summary>
    public int BucketId { get; set; }

    /// <summary>0-based level, 0 = served first.</summary>
    public int Level { get; set; }

    /// <summary>Why the scheduler turned it away; meaningful in <see cref="Scheduler.Refused"/> only.</summary>
    public ErrorReason Refusal { get; internal set; }

    /// <summary>Order of arrival within the lane, set by the scheduler: breaks ties of deadline.</summary>
    internal long Sequence { get; set; }

    /// <summary>Runs although the table says that it cannot be in time: to learn whether the table is still right. Set by the scheduler.</summary>
    internal bool IsProbe { get; set; }

    /// <summary>Most rows of a batch it may be in, after a batch of more has failed; 0 = any. Set by the scheduler.</summary>
    internal int CompanyRows { get; set; }

    /// <summary>How often a run with it was cut short for somebody else. Set by the scheduler.</summary>
    internal int Preemptions { get; set; }

    /// <summary>True while the scheduler holds it; set by the scheduler.</summary>
    internal bool IsQueued { get; set; }

    /// <summary>Where it stands in its queue: smaller first, <see cref="Sequence"/> breaks ties. Set by the scheduler, fixed while queued.</summary>
    internal long OrderKey { get; set; }

    /// <summary>Its place in the <see cref="GiveUpHeap"/>; -1 when it is not there.</summary>
    internal int HeapIndex { get; set; } = -1;
}
