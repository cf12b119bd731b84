namespace GrpcServing.Batching;

/// <summary>What sets the lanes of one kind apart from others. The loop tells it what happens; it answers what the loop leaves open.</summary>
/// <remarks>Called by the loop alone, but for <see cref="Submitting"/>.</remarks>
internal class LaneRole
{
    /// <summary>A lane that shares its device with nobody.</summary>
    public static LaneRole Alone { get; } = new();

    /// <summary>Runs that were given up and hold their executor and its memory for ever, or until they end after all.</summary>
    public virtual int LostRuns => 0;

    /// <summary>The lane opens. Once, before everything else.</summary>
    public virtual void Open(BatchLoop loop, BatchRun[] runs)
    {
    }

    /// <summary>A request was admitted and is about to be handed to the loop. Any thread.</summary>
    public virtual void Submitting()
    {
    }

    public virtual void Arrived(PendingRequest request, long now)
    {
    }

    /// <summary>The scheduler turned a request away.</summary>
    public virtual void Refused(PendingRequest request)
    {
    }

    /// <summary>The scheduler is about to be asked.</summary>
    public virtual void Deciding(long now)
    {
    }

    /// <summary>A batch starts; its members still hold their places in the queue, and nobody else knows of the run yet.</summary>
    /// <param name="running">Batches that run, this one included.</param>
    public virtual void Started(BatchRun run, int running, long now)
    {
    }

    /// <summary>A batch has ended, and the scheduler knows. Members that were not answered are the role's.</summary>
    public virtual void Finished(BatchRun run, int running)
    {
    }

    /// <summary>Nothing can start now.</summary>
    /// <returns>When to look again at the latest; <see cref="long.MaxValue"/> = no need.</returns>
    public virtual long Resting(Scheduler scheduler, long now) => long.MaxValue;

    /// <summary>The lane takes nothing new.</summary>
    public virtual void Closing(long now)
    {
    }

    /// <summary>The loop has ended.</summary>
    public virtual void Ended()
    {
    }

    /// <summary>Whether a run was given up: its executor may still be in use.</summary>
    public virtual bool IsLost(int run) => false;
}
