namespace GrpcServing.Batching;

/// <summary>Why a batch was started when it was.</summary>
public enum BatchCloseReason
{
    /// <summary>It holds as many rows as the limit, or as pay.</summary>
    Full,
    /// <summary>An executor was free and waiting would not have paid.</summary>
    ExecutorFree,
    /// <summary>Waiting longer would have cost a member its deadline.</summary>
    Deadline,
    /// <summary>The oldest member had waited as long as it may.</summary>
    Delay,
    /// <summary>It has one of the preferred sizes.</summary>
    PreferredSize,
    /// <summary>The lane is closing and empties its queue.</summary>
    Draining,
}

/// <summary>A batch as the scheduler planned it. Filled by <see cref="Scheduler.Decide"/>, reused by its owner: no allocation per batch.</summary>
public sealed class Batch
{
    /// <summary>Members in the order in which their rows lie in the batch.</summary>
    public List<QueueEntry> Members { get; } = [];

    /// <summary>Rows of all members.</summary>
    public int Rows { get; set; }

    /// <summary>Rows to run, never fewer than <see cref="Rows"/>: more where a larger batch is cheaper.</summary>
    public int PaddedRows { get; set; }

    public int BucketId { get; set; }

    public BatchCloseReason CloseReason { get; set; }

    /// <summary>Executor that runs it.</summary>
    public int Executor { get; set; }

    /// <summary>Ticks the run is expected to take; 0 when nothing is known yet.</summary>
    public long PlannedTicks { get; set; }

    /// <summary>After the run: ticks that it cost the device, where that is known apart from its length, or 0. Processor time of a model on one thread, for example.</summary>
    public long CostTicks { get; set; }

    /// <summary>Moves a plan here and leaves the other empty.</summary>
    internal void TakeFrom(Batch other)
    {
        Clear();
        Members.AddRange(other.Members);
        Rows = other.Rows;
        PaddedRows = other.PaddedRows;
        BucketId = other.BucketId;
        CloseReason = other.CloseReason;
        Executor = other.Executor;
        PlannedTicks = other.PlannedTicks;
        other.Clear();
    }

    public void Clear()
    {
        Members.Clear();
        Rows = PaddedRows = BucketId = 0;
        PlannedTicks = CostTicks = 0;
    }
}
