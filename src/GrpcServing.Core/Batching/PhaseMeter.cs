namespace GrpcServing.Batching;

/// <summary>Counts how a primary lane fares with and without copies on its device. Written by the lane's loop, read by <see cref="DeviceBoard"/> once a minute.</summary>
internal sealed class PhaseMeter
{
    private readonly Phase _with = new();
    private readonly Phase _without = new();

    public void Started(long queueTicks, bool withoutCopies) => Of(withoutCopies).Times.Add(queueTicks);

    public void Missed(bool withoutCopies) => Volatile.Write(ref Of(withoutCopies).Missed, Of(withoutCopies).Missed + 1);

    /// <summary>Counted since the last call. One reader; the result is overwritten by the next call.</summary>
    public PhaseCounts Take(bool withoutCopies)
    {
        var phase = Of(withoutCopies);
        phase.Times.CopyNew(phase.Seen, phase.New);
        var missed = Volatile.Read(ref phase.Missed);
        var added = missed - phase.MissedSeen;
        phase.MissedSeen = missed;
        return new PhaseCounts(phase.New, added);
    }

    /// <summary>Counts from now on. The reader's.</summary>
    public void Forget()
    {
        Take(withoutCopies: true);
        Take(withoutCopies: false);
    }

    private Phase Of(bool withoutCopies) => withoutCopies ? _without : _with;

    private sealed class Phase
    {
        public readonly QueueTimes Times = new();
        public readonly QueueTimes Seen = new();
        public readonly QueueTimes New = new();
        public long Missed;
        public long MissedSeen;
    }
}
