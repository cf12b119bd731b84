using GrpcServing.Execution;
using GrpcServing.Telemetry;

namespace GrpcServing.Batching;

/// <summary>Why a run of copies is cut short.</summary>
internal enum RunStop
{
    None,
    /// <summary>A primary needs the device, or copies are held off.</summary>
    Preempted,
    /// <summary>It has taken longer than any run may.</summary>
    Overdue,
}

/// <summary>One executor of a lane and the batch it runs. One per executor, reused: no allocation per batch.</summary>
/// <remarks>
/// The loop fills <see cref="Plan"/> while the executor is free; the thread that runs the batch owns everything else until it reports the
/// run as finished. Only <see cref="MemberGone"/> and <see cref="Stop"/> come from other threads.
/// </remarks>
internal sealed class BatchRun(int index, Executor executor)
{
    // Generation of the batch in the upper half, members still waiting for it in the lower: a caller of an earlier batch who is late to
    // say that it has gone must not be counted in this one.
    private long _present;
    private int _stop;
    private int _executing;
    private long _plannedEnd;

    public int Index { get; } = index;

    public Executor Executor { get; } = executor;

    public Batch Plan { get; } = new();

    /// <summary>
    /// A batch of several that fails is left unanswered for its owner to try in smaller ones, instead of being split on the spot; and one that hangs
    /// may be given up, its members' bodies with it. Set before the first run.
    /// </summary>
    public bool IsOfCopies { get; set; }

    /// <summary>Runs the model, where it must give way to all others; null = the thread that runs the batch does. Set before the first run.</summary>
    public QuietThread? Quiet { get; set; }

    /// <summary>Whether a run is the work of one thread, so that the processor time of that thread is what the run costs. Set before the first run.</summary>
    public bool MeasuresCpu { get; set; }

    /// <summary>Start of the run, in ticks of the lane's clock.</summary>
    public long StartedAt { get; set; }

    /// <summary>
    /// When all outputs lay ready. Answering comes after it and belongs to no batch size: it costs each member the same, and wakes threads that may
    /// take the processor from this one.
    /// </summary>
    public long EndedAt { get; set; }

    /// <summary>Whether the whole batch ran at once without a fault: only then its time says something about the model.</summary>
    public bool Succeeded { get; set; }

    /// <summary>Timeline of the batch; null when nothing is traced.</summary>
    public BatchTrace? Trace { get; set; }

    /// <summary>It failed and <see cref="IsOfCopies"/>.</summary>
    public bool Faulted { get; set; }

    /// <summary>Processor time of the model's run in nanoseconds; 0 when it is not measured.</summary>
    public long CpuNanoseconds { get; private set; }

    /// <summary>How far the run is, where its processor time can be told while it is under way; else null. Any thread.</summary>
    public ThreadProgress? Progress() => MeasuresCpu ? Quiet?.Progress() : null;

    /// <summary>Any thread; of copies only.</summary>
    public long PlannedEnd => Volatile.Read(ref _plannedEnd);

    public RunStop Stopped => (RunStop)Volatile.Read(ref _stop);

    /// <summary>Loop only, before others can see that the next batch runs: whatever was meant for the last one is void.</summary>
    /// <param name="plannedEnd">When the run is expected to end.</param>
    public void Renew(long plannedEnd)
    {
        Volatile.Write(ref _plannedEnd, plannedEnd);
        Volatile.Write(ref _stop, (int)RunStop.None);
        Faulted = false;
        CpuNanoseconds = 0;
    }

    /// <summary>Cuts the run short; its members stay unanswered. Any thread; the first reason counts.</summary>
    public void Stop(RunStop why)
    {
        if (Interlocked.CompareExchange(ref _stop, (int)why, (int)RunStop.None) != (int)RunStop.None) return;
        // Before it executes there is nothing to terminate, and binding would clear it: Execute looks itself.
        if (Volatile.Read(ref _executing) != 0) Executor.Terminate();
    }

    /// <summary>Runs what is bound, unless the run has been stopped.</summary>
    /// <exception cref="ExecutionException">As <see cref="Executor.Run"/>; terminated when it was stopped before it began.</exception>
    public void Execute()
    {
        // Full fence: either this thread sees the stop, or who stops sees that it executes.
        Interlocked.Exchange(ref _executing, 1);
        try
        {
            if (Stopped != RunStop.None) throw new ExecutionException("stopped before it began", terminated: true);
            RunModel();
        }
        finally
        {
            Volatile.Write(ref _executing, 0);
        }
    }

    private void RunModel()
    {
        if (Quiet is null)
        {
            var before = MeasuresCpu ? ThreadClock.Nanoseconds() : 0;
            Executor.Run();
            CpuNanoseconds = before > 0 ? ThreadClock.Nanoseconds() - before : 0;
            return;
        }
        try
        {
            Quiet.Run(Executor);
        }
        finally
        {
            if (MeasuresCpu) CpuNanoseconds = Quiet.CpuNanoseconds;
        }
    }

    /// <summary>Opens a new generation with this many members. Before any of them is shown the run.</summary>
    public int Expect(int members)
    {
        var generation = unchecked((int)(Volatile.Read(ref _present) >> 32) + 1);
        Volatile.Write(ref _present, ((long)generation << 32) | (uint)members);
        return generation;
    }

    /// <summary>A member was answered by its caller's cancellation. When none is left nobody wants the result: the run is cut short.</summary>
    public void MemberGone(int generation)
    {
        while (true)
        {
            var present = Volatile.Read(ref _present);
            if ((int)(present >> 32) != generation) return;
            if (Interlocked.CompareExchange(ref _present, present - 1, present) != present) continue;
            if ((uint)(present - 1) == 0) Executor.Terminate();
            return;
        }
    }
}
