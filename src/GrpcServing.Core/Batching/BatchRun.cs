using GrpcServing.Execution;
using GrpcServing.Telemetry;

namespace GrpcServing.Batching;

/// <summary>One executor of a lane and the batch it runs. One per executor, reused: no allocation per batch.</summary>
/// <remarks>
/// The loop fills <see cref="Plan"/> while the executor is free; the thread that runs the batch owns everything else until it reports the
/// run as finished. Only <see cref="MemberGone"/> comes from other threads.
/// </remarks>
internal sealed class BatchRun(int index, Executor executor)
{
    // Generation of the batch in the upper half, members still waiting for it in the lower: a caller of an earlier batch who is late to
    // say that it has gone must not be counted in this one.
    private long _present;

    public int Index { get; } = index;

    public Executor Executor { get; } = executor;

    public Batch Plan { get; } = new();

    /// <summary>Start of the run, in ticks of the lane's clock.</summary>
    public long StartedAt { get; set; }

    /// <summary>When the last member was answered.</summary>
    public long EndedAt { get; set; }

    /// <summary>Whether the whole batch ran at once without a fault: only then its time says something about the model.</summary>
    public bool Succeeded { get; set; }

    /// <summary>Timeline of the batch; null when nothing is traced.</summary>
    public BatchTrace? Trace { get; set; }

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
