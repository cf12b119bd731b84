namespace GrpcServing.Batching;

/// <summary>What the scheduler wants next.</summary>
/// <param name="Run">True: start the batch that was filled in. False: nothing to start now.</param>
/// <param name="WakeAt">With <paramref name="Run"/> false: ask again at this instant even if nothing happens; <see cref="long.MaxValue"/> = no need.</param>
public readonly record struct Decision(bool Run, long WakeAt)
{
    public static Decision Start { get; } = new(Run: true, long.MaxValue);

    public static Decision Idle { get; } = new(Run: false, long.MaxValue);

    public static Decision WaitUntil(long instant) => new(Run: false, instant);
}

/// <summary>Forms the batches of one lane: a state machine over virtual time.</summary>
/// <remarks>
/// <para>
/// Pure: no clock, no lock, no thread, no timer, no randomness without a seed. The same calls give the same decisions, so a log of them
/// replays, and the simulator runs the code that serves. One owner calls it: <see cref="BatchLoop"/> in the server. Instants never go
/// backwards. Budget: 0 bytes per call in steady state.
/// </para>
/// <para>
/// The owner reports what happened (<see cref="Arrive"/>, <see cref="Cancel"/>, <see cref="Finished"/>), then calls
/// <see cref="Decide"/> until it no longer answers <c>Run</c>, and after every call takes and clears <see cref="Refused"/>.
/// </para>
/// <para>Promise: every entry that arrived leaves exactly once, in a batch, in <see cref="Refused"/>, or by <see cref="Cancel"/>.</para>
/// </remarks>
public abstract class Scheduler
{
    /// <summary>Entries turned away since the owner last cleared the list, each with its <see cref="QueueEntry.Refusal"/>.</summary>
    public List<QueueEntry> Refused { get; } = [];

    /// <summary>Rows waiting.</summary>
    public abstract int QueuedRows { get; }

    /// <summary>Entries waiting.</summary>
    public abstract int QueuedEntries { get; }

    /// <summary>Deadline of the entry that would be given up first; <see cref="long.MaxValue"/> when there is none, or the policy does not look at deadlines.</summary>
    public virtual long HeadDeadline => long.MaxValue;

    /// <summary>Takes an entry, or turns it away at once into <see cref="Refused"/>.</summary>
    public abstract void Arrive(QueueEntry entry, long now);

    /// <summary>Removes a waiting entry.</summary>
    /// <returns>False when it is not waiting any more.</returns>
    public abstract bool Cancel(QueueEntry entry, long now);

    /// <summary>A batch has ended; its executor is free from now on.</summary>
    /// <param name="batch">As <see cref="Decide"/> filled it.</param>
    /// <param name="succeeded">False when the run failed or was cut short: its time says nothing about the model.</param>
    public abstract void Finished(Batch batch, bool succeeded, long startedAt, long now);

    /// <summary>Starts a batch on a free executor, or says when to ask again. Turns away what can no longer be served in time.</summary>
    /// <param name="batch">Empty; filled when the answer is <c>Run</c>. The executor counts as busy from then until <see cref="Finished"/>.</param>
    public abstract Decision Decide(long now, Batch batch);

    /// <summary>From now on nothing waits for company: the lane is closing.</summary>
    public abstract void Drain();
}
