namespace GrpcServing.Shadowing;

/// <summary>One second of the primary's life: how many requests it answered, and what became of those that the shadow might have compared.</summary>
/// <remarks>The first three are counted by the threads of the callers, the last two by the shadow's own.</remarks>
internal sealed class LoadWindow(long endsAt)
{
    private long _requests;
    private long _eligible;
    private long _notAdmitted;
    private long _admitted;

    /// <summary>In ticks of the clock.</summary>
    public long EndsAt { get; } = endsAt;

    /// <summary>Answered by the primary, eligible or not.</summary>
    public long Requests => Volatile.Read(ref _requests);

    public long Eligible => Volatile.Read(ref _eligible);

    /// <summary>Chosen, but turned away at once.</summary>
    public long NotAdmitted => Volatile.Read(ref _notAdmitted);

    /// <summary>Of the admitted ones, compared. The shadow's thread only.</summary>
    public long Compared { get; set; }

    /// <summary>Of the admitted ones, dropped later. The shadow's thread only.</summary>
    public long Dropped { get; set; }

    /// <summary>True when it is known of every admitted request what became of it.</summary>
    public bool IsResolved => Compared + Dropped >= Volatile.Read(ref _admitted);

    public void CountRequest() => Interlocked.Increment(ref _requests);

    public void CountEligible() => Interlocked.Increment(ref _eligible);

    public void CountNotAdmitted() => Interlocked.Increment(ref _notAdmitted);

    public void CountAdmitted() => Interlocked.Increment(ref _admitted);
}
