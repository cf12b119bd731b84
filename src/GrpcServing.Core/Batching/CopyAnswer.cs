namespace GrpcServing.Batching;

/// <summary>Why a copy was not compared. The label of each is in the admin interface's <c>dropped</c>.</summary>
public enum CopyDrop
{
    /// <summary>It ran: see <see cref="CopyAnswer.Error"/>.</summary>
    None,
    /// <summary><c>queue_full</c>: as many copies wait or run as may.</summary>
    QueueFull,
    /// <summary><c>bytes</c>: the copies that wait or run hold as many bytes as they may.</summary>
    Bytes,
    /// <summary><c>stale</c>: it grew too old behind other copies. The candidate is too slow for this share of the traffic.</summary>
    Stale,
    /// <summary><c>busy</c>: it grew too old while the device never had time to spare.</summary>
    Busy,
    /// <summary><c>preempted</c>: its run was cut short for the primary, and then it grew too old.</summary>
    Preempted,
    /// <summary><c>breaker</c>: the candidate failed or hung so often that copies are turned away until a probe succeeds.</summary>
    Breaker,
    /// <summary><c>not_comparable</c>: the request does not fit the candidate.</summary>
    NotComparable,
    /// <summary><c>stopped</c>: the lane is closed, or the caller of the copy gave up.</summary>
    Stopped,
}

/// <summary>What became of a copy.</summary>
/// <param name="Drop">None when it ran.</param>
/// <param name="Error">Of a copy that ran: none with outputs, otherwise how the model failed on it. Of one that was dropped: the sentence.</param>
/// <param name="Run">Of a copy that ran with outputs; default otherwise.</param>
public readonly record struct CopyAnswer(CopyDrop Drop, ServingError Error, RunMeasure Run)
{
    public bool HasOutputs => Drop == CopyDrop.None && Error.IsNone;
}
