using GrpcServing.Batching;

namespace GrpcServing.Simulator;

/// <summary>Drives a scheduler over a trace on virtual time, as the server's loop drives it on real time.</summary>
internal sealed class Simulation
{
    private readonly Profile _profile;
    private readonly Scheduler _scheduler;
    private readonly TimeProvider? _stopwatch;
    private readonly Batch?[] _running;
    private readonly long[] _startedAt;
    private readonly long[] _endsAt;
    private readonly Stack<Batch> _spare = [];
    private readonly Outcome _outcome = new();
    private long _wakeAt = long.MaxValue;

    /// <param name="stopwatch">Measures decisions; null = do not.</param>
    public Simulation(Profile profile, Scheduler scheduler, int executors, TimeProvider? stopwatch = null)
    {
        _profile = profile;
        _scheduler = scheduler;
        _stopwatch = stopwatch;
        _running = new Batch?[executors];
        _startedAt = new long[executors];
        _endsAt = new long[executors];
        Array.Fill(_endsAt, long.MaxValue);
    }

    /// <param name="toEntry">What the policy is told of a request.</param>
    public Outcome Run(Arrival[] trace, Func<Arrival, SimulatedRequest> toEntry)
    {
        _outcome.Offered = trace.Length;
        var next = 0;
        while (true)
        {
            var now = Math.Min(_endsAt.Min(), _wakeAt);
            if (next < trace.Length) now = Math.Min(now, trace[next].At);
            if (now == long.MaxValue) break;
            Finish(now);
            for (; next < trace.Length && trace[next].At <= now; next++) _scheduler.Arrive(toEntry(trace[next]), now);
            TakeRefused();
            Start(now);
        }
        if (_scheduler.QueuedEntries > 0)
            throw new InvalidOperationException($"The policy left {_scheduler.QueuedEntries} requests without an answer.");
        return _outcome;
    }

    private void Finish(long now)
    {
        for (var i = 0; i < _endsAt.Length; i++)
        {
            if (_endsAt[i] > now) continue;
            var batch = _running[i]!;
            _scheduler.Finished(batch, succeeded: true, _startedAt[i], now);
            batch.Clear();
            _spare.Push(batch);
            _running[i] = null;
            _endsAt[i] = long.MaxValue;
        }
    }

    private void Start(long now)
    {
        while (true)
        {
            var batch = _spare.Count > 0 ? _spare.Pop() : new Batch();
            var canRun = _stopwatch is not null && _scheduler.QueuedEntries > 0 && _running.Any(static run => run is null);
            var before = canRun ? _stopwatch!.GetTimestamp() : 0;
            var decision = _scheduler.Decide(now, batch);
            if (canRun) _outcome.DecisionMicroseconds.Add(_stopwatch!.GetElapsedTime(before).TotalMicroseconds);
            TakeRefused();
            if (!decision.Run)
            {
                _spare.Push(batch);
                if (decision.WakeAt <= now) throw new InvalidOperationException($"The policy asked to be woken at {decision.WakeAt}, which is not after {now}.");
                _wakeAt = decision.WakeAt;
                return;
            }
            var ticks = _profile.Ticks(batch.PaddedRows);
            if (canRun) _outcome.DecisionShares.Add(_outcome.DecisionMicroseconds[^1] * 1000 / ticks);
            _running[batch.Executor] = batch;
            _startedAt[batch.Executor] = now;
            _endsAt[batch.Executor] = now + ticks;
            _outcome.Count(batch, ticks, now + ticks);
        }
    }

    private void TakeRefused()
    {
        foreach (var entry in _scheduler.Refused) _outcome.Refuse(entry.Refusal);
        _scheduler.Refused.Clear();
    }
}
