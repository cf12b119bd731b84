namespace GrpcServing.Batching;

/// <summary>Sees to it that runs of copies end: stops those that take too long, and gives up those that do not react. Owned by the lane's loop.</summary>
/// <param name="overdue">Told of each run that is stopped for the time it takes.</param>
/// <param name="lost">Told of each run that is given up.</param>
internal sealed class RunWatch(BatchRun[] runs, RunLimits limits, Action<BatchRun> overdue, Action<BatchRun> lost)
{
    private readonly State[] _states = new State[runs.Length];

    public int Lost { get; private set; }

    /// <summary>When something may have to be done; <see cref="long.MaxValue"/> when nothing runs.</summary>
    public long NextAt
    {
        get
        {
            var next = long.MaxValue;
            foreach (ref readonly var state in _states.AsSpan())
            {
                if (state.IsRunning && !state.IsLost) next = Math.Min(next, state.StopSeenAt == 0 ? state.LimitAt : state.StopSeenAt + limits.Grace);
            }
            return next;
        }
    }

    public bool IsLost(int run) => _states[run].IsLost;

    public void Started(BatchRun run, long now) =>
        _states[run.Index] = new State { IsRunning = true, LimitAt = now + limits.For(run.Plan.PlannedTicks) };

    /// <returns>True when it had been given up.</returns>
    public bool Ended(BatchRun run)
    {
        var wasLost = _states[run.Index].IsLost;
        _states[run.Index] = default;
        if (wasLost) Lost--;
        return wasLost;
    }

    /// <summary>The lane closes: nothing is waited for longer than the grace.</summary>
    public void StopAll(long now)
    {
        foreach (var run in runs)
        {
            ref var state = ref _states[run.Index];
            if (!state.IsRunning) continue;
            run.Stop(RunStop.Preempted);
            if (state.StopSeenAt == 0) state.StopSeenAt = now;
        }
    }

    public void Look(long now)
    {
        if (now < NextAt) return;
        foreach (var run in runs)
        {
            ref var state = ref _states[run.Index];
            if (!state.IsRunning || state.IsLost) continue;
            if (state.StopSeenAt != 0)
            {
                if (now < state.StopSeenAt + limits.Grace) continue;
                state.IsLost = true;
                Lost++;
                lost(run);
            }
            else if (now >= state.LimitAt)
            {
                var first = run.Stopped == RunStop.None;
                run.Stop(RunStop.Overdue);
                state.StopSeenAt = now;
                if (first) overdue(run);
            }
        }
    }

    private struct State
    {
        public bool IsRunning;
        public bool IsLost;
        public long LimitAt;
        public long StopSeenAt;
    }
}
