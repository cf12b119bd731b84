using System.Threading.Channels;
using GrpcServing.Admission;
using GrpcServing.Execution;

namespace GrpcServing.Batching;

/// <summary>The one owner of a lane's state: takes what happened from a channel, asks the scheduler, starts batches.</summary>
/// <remarks>
/// <para>
/// A batch that is expected to be short runs on the loop's own thread: handing it to another would cost more than it takes, and
/// everything that arrives meanwhile is taken together afterwards, which fills the next batch without a timer. A long one goes to the
/// executor's thread, so that the loop keeps answering refusals and cancellations while it runs. One that lasts against expectation
/// keeps its thread, and the loop goes on with another (<see cref="InlineGuard"/>).
/// </para>
/// <para>Ends after <see cref="LaneEventKind.Close"/>, once nothing waits and nothing runs; every request has then been answered.</para>
/// </remarks>
internal sealed class BatchLoop
{
    private readonly Channel<LaneEvent> _events = Channel.CreateUnbounded<LaneEvent>(new UnboundedChannelOptions
    {
        // Unbounded because QueueBounds bounds it: what is not admitted is not written.
        SingleReader = true,
        AllowSynchronousContinuations = false,
    });

    private readonly Scheduler _scheduler;
    private readonly BatchRunner _runner;
    private readonly BatchRun[] _runs;
    private readonly ExecutorThread?[] _threads;
    private readonly QueueBounds _bounds;
    private readonly LaneRole _role;
    private readonly TimeProvider _time;
    private readonly long _inlineTicks;
    private readonly ITimer _timer;
    private readonly InlineGuard _guard;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Batch _next = new();
    private long _wakeAt = long.MaxValue;
    private int _running;
    private bool _closing;

    /// <param name="inlineTicks">Longest expected run that happens on the loop's thread.</param>
    public BatchLoop(Scheduler scheduler, BatchRunner runner, BatchRun[] runs, QueueBounds bounds, LaneRole role, TimeProvider time, long inlineTicks)
    {
        _scheduler = scheduler;
        _runner = runner;
        _runs = runs;
        _threads = new ExecutorThread?[runs.Length];
        _bounds = bounds;
        _role = role;
        _time = time;
        _inlineTicks = runs.Length == 1 ? inlineTicks : 0;
        _timer = time.CreateTimer(static loop => ((BatchLoop)loop!).Post(LaneEvent.Tick), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _guard = new InlineGuard(time, () => _ = LoopAsync());
    }

    /// <summary>Batches that run now. Any thread; written by the loop.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Requests that wait, as far as the loop has heard of them. Any thread; written by the loop.</summary>
    public int Waiting => _scheduler.QueuedEntries;

    /// <summary>Reports something to the loop. Any thread, never blocks.</summary>
    /// <returns>False when the loop has ended.</returns>
    public bool Post(LaneEvent happened) => _events.Writer.TryWrite(happened);

    /// <summary>Ends with the loop; faulted only by a bug.</summary>
    public Task RunAsync()
    {
        _ = LoopAsync();
        return _ended.Task;
    }

    /// <summary>Runs until the loop ends, or goes on with another thread.</summary>
    private async Task LoopAsync()
    {
        try
        {
            while (!IsDone && await _events.Reader.WaitToReadAsync().ConfigureAwait(false))
            {
                TakeEvents();
                if (!StartBatches()) return;
            }
            await EndAsync().ConfigureAwait(false);
            _ended.TrySetResult();
        }
        catch (Exception bug)
        {
            await EndAsync().ConfigureAwait(false);
            _ended.TrySetException(bug);
        }
    }

    private async Task EndAsync()
    {
        _events.Writer.TryComplete();
        TurnAwayLateArrivals();
        await _guard.StopAsync().ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
        for (var i = 0; i < _threads.Length; i++)
        {
            if (_role.IsLost(i)) _threads[i]?.Abandon();
            else _threads[i]?.Dispose();
        }
        _role.Ended();
    }

    private bool IsDone => _closing && _running == _role.LostRuns && _scheduler.QueuedEntries == 0;

    private void TakeEvents()
    {
        var now = _time.GetTimestamp();
        while (_events.Reader.TryRead(out var happened))
        {
            switch (happened.Kind)
            {
                case LaneEventKind.Arrived:
                    Arrive((PendingRequest)happened.Subject!, now);
                    break;
                case LaneEventKind.Cancelled:
                    var cancelled = (PendingRequest)happened.Subject!;
                    if (_scheduler.Cancel(cancelled, now)) cancelled.ReleaseBody();
                    break;
                case LaneEventKind.Finished:
                    Finish((BatchRun)happened.Subject!);
                    break;
                case LaneEventKind.Tick:
                    _wakeAt = long.MaxValue;
                    break;
                case LaneEventKind.Close:
                    _closing = true;
                    _scheduler.Drain();
                    _role.Closing(now);
                    break;
            }
        }
        AnswerRefused();
    }

    private void Arrive(PendingRequest request, long now)
    {
        if (request.IsAnswered)
        {
            request.ReleaseBody();
            return;
        }
        _role.Arrived(request, now);
        _scheduler.Arrive(request, now);
    }

    /// <summary>Starts batches until the scheduler has none for now.</summary>
    /// <returns>False when another thread owns the loop now.</returns>
    private bool StartBatches()
    {
        while (true)
        {
            var now = _time.GetTimestamp();
            _role.Deciding(now);
            var decision = _scheduler.Decide(now, _next);
            AnswerRefused();
            if (!decision.Run)
            {
                WakeAt(Math.Min(decision.WakeAt, _role.Resting(_scheduler, now)));
                return true;
            }
            var run = _runs[_next.Executor];
            run.Plan.TakeFrom(_next);
            // Before the members leave the queue: at every instant they are to be seen in the one or the other.
            _role.Started(run, ++_running, now);
            foreach (var member in run.Plan.Members) LeaveQueue((PendingRequest)member);
            if (run.Plan.PlannedTicks > 0 && run.Plan.PlannedTicks <= _inlineTicks)
            {
                if (!RunHere(run)) return false;
                // Everything that arrived meanwhile counts for the next decision.
                TakeEvents();
            }
            else
            {
                (_threads[run.Index] ??= new ExecutorThread(run, _runner, this)).Start();
            }
        }
    }

    /// <returns>False when another thread owns the loop now.</returns>
    private bool RunHere(BatchRun run)
    {
        var entered = _guard.Enter();
        _runner.Run(run);
        var isOwner = _guard.Leave(entered);
        if (isOwner) Finish(run);
        else Post(LaneEvent.Finished(run));
        return isOwner;
    }

    private void Finish(BatchRun run)
    {
        _running--;
        _scheduler.Finished(run.Plan, run.Succeeded, run.StartedAt, run.EndedAt);
        _role.Finished(run, _running);
        run.Plan.Clear();
    }

    private void AnswerRefused()
    {
        if (_scheduler.Refused.Count == 0) return;
        foreach (var entry in _scheduler.Refused)
        {
            var request = (PendingRequest)entry;
            LeaveQueue(request);
            _role.Refused(request);
            request.TryFail(LaneRefusals.Describe(request, _time));
            request.ReleaseBody();
        }
        _scheduler.Refused.Clear();
    }

    private void LeaveQueue(PendingRequest request)
    {
        if (request.LeaveQueue()) _bounds.Leave(request.Rows, request.Request.InputBytes);
    }

    /// <summary>Sets the timer, unless it already rings no later and not in the past: most wake-ups are never needed.</summary>
    private void WakeAt(long instant)
    {
        if (instant >= _wakeAt) return;
        _wakeAt = instant;
        var ticks = Math.Max(0, instant - _time.GetTimestamp());
        _timer.Change(TimeSpan.FromSeconds((double)ticks / _time.TimestampFrequency), Timeout.InfiniteTimeSpan);
    }

    private void TurnAwayLateArrivals()
    {
        while (_events.Reader.TryRead(out var happened))
        {
            if (happened is not { Kind: LaneEventKind.Arrived, Subject: PendingRequest request }) continue;
            LeaveQueue(request);
            request.TryFail(LaneRefusals.LaneClosed);
            request.ReleaseBody();
        }
    }
}
