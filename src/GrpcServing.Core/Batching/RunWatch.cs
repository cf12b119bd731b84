namespace GrpcServing.Batching;

/// <summary>Sees to it that runs of copies end: stops those that take too long, and gives up those that do not react. Owned by the lane's loop.</summary>
/// <remarks>
/// A thread of the lowest priority may stand still for as long as others need the processor; that is not the model's doing. So where it can be
/// told, a run is judged by its processor time as long as it wants the processor, and by the clock when it does not: then it waits for
/// something that does not come.
/// </remarks>
/// <param name="progress">Processor time of a run in ticks of the lane's clock, and whether it wants more; null where that cannot be told: then the clock counts.</param>
/// <param name="overdue">Told of each run that is stopped for the time it takes.</param>
/// <param name="lost">Told of each run that is given up.</param>
internal sealed class RunWatch(BatchRun[] runs, RunLimits limits, Func<BatchRun, RunProgress?> progress, Action<BatchRun> overdue, Action<BatchRun> lost)
{
    private readonly State[] _states = new State[runs.Length];
    private bool _isClosing;

    public int Lost { get; private set; }

    /// <summary>When something may have to be done; <see cref="long.MaxValue"/> when nothing runs.</summary>
    public long NextAt
    {
        get
        {
            var next = long.MaxValue;
            foreach (ref readonly var state in _states.AsSpan())
            {
                if (state.IsRunning && !state.IsLost) next = Math.Min(next, state.LookAt);
            }
            return next;
        }
    }

    public bool IsLost(int run) => _states[run].IsLost;

    public void Started(BatchRun run, long now) =>
        _states[run.Index] = new State { IsRunning = true, LookAt = now + limits.For(run.Plan.PlannedTicks) };

    /// <returns>True when it had been given up.</returns>
    public bool Ended(BatchRun run)
    {
        var wasLost = _states[run.Index].IsLost;
        _states[run.Index] = default;
        if (wasLost) Lost--;
        return wasLost;
    }

    /// <summary>The lane closes: nothing is waited for longer than the grace, starved or not.</summary>
    public void StopAll(long now)
    {
        _isClosing = true;
        foreach (var run in runs)
        {
            ref var state = ref _states[run.Index];
            if (!state.IsRunning) continue;
            run.Stop(RunStop.Preempted);
            if (state.IsStopSeen) state.LookAt = Math.Min(state.LookAt, now + limits.Grace);
            else StopSeen(ref state, 0, now);
        }
    }

    public void Look(long now)
    {
        if (now < NextAt) return;
        foreach (var run in runs)
        {
            ref var state = ref _states[run.Index];
            if (!state.IsRunning || state.IsLost || now < state.LookAt) continue;
            var seen = progress(run);
            var allowed = state.IsStopSeen ? limits.Grace : limits.For(run.Plan.PlannedTicks);
            if (!_isClosing && seen is { WantsProcessor: true } starved && starved.CpuTicks - state.CpuAtStop < allowed)
            {
                // It has not had its time yet.
                state.LookAt = now + Math.Max(limits.Least / 10, allowed - (starved.CpuTicks - state.CpuAtStop));
            }
            else if (state.IsStopSeen)
            {
                state.IsLost = true;
                Lost++;
                lost(run);
            }
            else
            {
                var first = run.Stopped == RunStop.None;
                run.Stop(RunStop.Overdue);
                StopSeen(ref state, seen?.CpuTicks ?? 0, now);
                if (first) overdue(run);
            }
        }
    }

    private void StopSeen(ref State state, long cpuTicks, long now)
    {
        state.IsStopSeen = true;
        state.CpuAtStop = cpuTicks;
        state.LookAt = now + limits.Grace;
    }

    private struct State
    {
        public bool IsRunning;
        public bool IsLost;

        /// <summary>It is being terminated, and somebody waits for that.</summary>
        public bool IsStopSeen;
        public long CpuAtStop;
        public long LookAt;
    }
}

/// <summary>How far a run is.</summary>
/// <param name="CpuTicks">Processor time it has had, in ticks of the lane's clock.</param>
/// <param name="WantsProcessor">It runs or waits for a core; false while it waits for anything else.</param>
internal readonly record struct RunProgress(long CpuTicks, bool WantsProcessor);
