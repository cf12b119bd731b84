using GrpcServing.Batching;
using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Shadowing;

/// <summary>One shadow from start to end: takes copies from the tap, has them run, pairs, compares and counts.</summary>
/// <remarks>
/// <code>
/// primary's callers --tap--> queue --bind--> candidate's lane (and, on a share, the primary's own) --answered--> compare --> tally, capture
/// </code>
/// <para>
/// A thread of its own owns the tally; the lanes run the copies on theirs. Nothing here is ever waited for by a caller of the primary. What a
/// candidate does to its lane (hang, throw, answer nonsense) arrives as an answer or as a drop; <see cref="EndAsync"/> does not wait for it.
/// </para>
/// <para>
/// Budget: 1 KB of managed memory per request that is copied and compared (<c>ShadowAllocationTests</c>, microbenchmark budgets), nothing for one that is not.
/// Copies hold at most <see cref="ShadowSettings.MaxQueueBytes"/> of tensors.
/// </para>
/// </remarks>
internal sealed class ShadowSession : IAsyncDisposable
{
    // Shorter than the naps of the queue go on after the last event, so the last change is always published.
    private static readonly TimeSpan PublishInterval = TimeSpan.FromMilliseconds(50);

    private readonly ServedVersion _primary;
    private readonly ShadowLane _candidateLane;
    private readonly ShadowLane? _controlLane;
    private readonly IShadowCapture? _capture;
    private readonly IShadowObserver _observer;
    private readonly TimeProvider _time;
    private readonly ShadowQueue _queue = new();
    private readonly ShadowTap _tap;
    private readonly ShadowTally _tally;
    private readonly CopyBinder _binder;
    private readonly long _maxAge;
    private readonly long _publishTicks;
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private ITimer? _expiry;
    private Task? _end;
    private string? _endReason;
    private ShadowState _endState;
    private DateTimeOffset? _endedAt;
    private ShadowReading _reading;
    private long _publishedAt;
    private bool _isDirty;
    private bool _isEnding;

    /// <param name="settings">Valid, with the primary's version filled in.</param>
    /// <param name="candidateLane">Owned by the session, as are the next two.</param>
    /// <param name="controlLane">Null when nothing is to be run twice.</param>
    /// <param name="capture">Null when nothing is kept.</param>
    public ShadowSession(ServedVersion primary, ShadowSettings settings, ShadowLane candidateLane, ShadowLane? controlLane, IShadowCapture? capture, IShadowObserver observer, TimeProvider time)
    {
        _primary = primary;
        _candidateLane = candidateLane;
        _controlLane = controlLane;
        _capture = capture;
        _observer = observer;
        _time = time;
        Candidate = candidateLane.Version;
        Sides = new ShadowSides(primary.Spec, Candidate.Spec);
        Settings = settings;
        _tap = new ShadowTap(Sides.Model, settings, _queue, time);
        _tally = new ShadowTally(Sides, settings, _tap, controlLane is not null, time);
        _binder = new CopyBinder(Sides.Primary, Sides.Candidate, Candidate.Shapes);
        _maxAge = (long)(settings.MaxAge.TotalSeconds * time.TimestampFrequency);
        _publishTicks = (long)(PublishInterval.TotalSeconds * time.TimestampFrequency);
        _reading = _tally.Read(ShadowState.Running, null, null);
    }

    public ShadowSides Sides { get; }

    public ServedVersion Primary => _primary;

    public ServedVersion Candidate { get; }

    /// <summary>As in force.</summary>
    public ShadowSettings Settings { get; }

    /// <summary>Where it stands, at most a tenth of a second old while anything changes. Any thread, no cost.</summary>
    public ShadowReading Reading => Volatile.Read(ref _reading);

    /// <summary>Share of the pairs kept whatever they show; null when nothing is kept at all.</summary>
    public IShadowCapture? Capture => _capture;

    /// <summary>Completes when the last copy is accounted for and <see cref="Reading"/> is final; the candidate's last run may go on.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Completes when nothing of the shadow runs any more, the candidate's last run included.</summary>
    public Task Released { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to mirror. Once.</summary>
    public void Start()
    {
        new Thread(Run) { IsBackground = true, Name = $"shadow {Sides.Model}" }.Start();
        if (Settings.ExpiresAfter != Timeout.InfiniteTimeSpan)
            _expiry = _time.CreateTimer(static session => _ = ((ShadowSession)session!).EndAsync(ShadowState.Expired, "It ended because its time was up."), this, Settings.ExpiresAfter, Timeout.InfiniteTimeSpan);
        _observer.Started(this);
        _primary.Shadow = _tap;
    }

    /// <summary>Ends the shadow, now: nothing more is copied, what waits is dropped, what runs is no longer waited for.</summary>
    /// <param name="reason">A sentence for its report.</param>
    /// <returns>Completes with <see cref="Ended"/>, in milliseconds whatever the candidate does. A second call changes nothing.</returns>
    public Task EndAsync(ShadowState state, string reason)
    {
        lock (_lock)
        {
            if (_end is not null) return _end;
            _endState = state;
            _endReason = reason;
            return _end = EndAsync();
        }
    }

    /// <summary>Ends it if need be, and waits until nothing of it runs any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await EndAsync(ShadowState.Stopped, "It was given up.").ConfigureAwait(false);
        await Released.ConfigureAwait(false);
    }

    /// <summary>Reads the tally, on the thread that owns it or after the end.</summary>
    public async Task<T> ReadAsync<T>(Func<ShadowTally, ShadowReading, T> read)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var question = ShadowEvent.Ask(() =>
        {
            try
            {
                _tap.WindowAt(_time.GetTimestamp());
                Publish();
                answer.SetResult(read(_tally, Reading));
            }
            catch (Exception bug)
            {
                answer.SetException(bug);
            }
        });
        if (_queue.TryPostUrgent(question)) return await answer.Task.ConfigureAwait(false);
        await _ended.Task.ConfigureAwait(false);
        return read(_tally, Reading);
    }

    private async Task EndAsync()
    {
        // Somebody may hold the lock of the caller: nothing below runs in it.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (_primary.Shadow == _tap) _primary.Shadow = null;
        _tap.Close();
        if (_expiry is not null) await _expiry.DisposeAsync().ConfigureAwait(false);
        // Answers everything that waits or runs in a lane.
        await _ending.CancelAsync().ConfigureAwait(false);
        _queue.TryPostUrgent(ShadowEvent.End);
        await _ended.Task.ConfigureAwait(false);
        Released = ReleaseAsync();
    }

    private async Task ReleaseAsync()
    {
        if (_capture is not null) await _capture.DisposeAsync().ConfigureAwait(false);
        await _candidateLane.DisposeAsync().ConfigureAwait(false);
        if (_controlLane is not null) await _controlLane.DisposeAsync().ConfigureAwait(false);
        _ending.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!(_isEnding && _tap.Copies == 0))
            {
                while (_queue.TryTake(out var happened)) Handle(happened);
                // Less while the primaries of the device suffer.
                _tap.Share = _candidateLane.Share;
                if (_isDirty && _time.GetTimestamp() - _publishedAt >= _publishTicks) Publish();
                if (!_isEnding || _tap.Copies > 0) _queue.Wait();
            }
        }
        catch (Exception bug)
        {
            _observer.Failed(this, bug);
            (_endState, _endReason) = (ShadowState.Stopped, $"It ended by a fault of the server: {bug.Message}");
            _ = EndAsync(_endState, _endReason);
        }
        Finish();
    }

    private void Handle(ShadowEvent happened)
    {
        switch (happened.Kind)
        {
            case ShadowEventKind.Offered:
                Begin((ShadowCopy)happened.Subject!);
                break;
            case ShadowEventKind.Answered:
                var copy = (ShadowCopy)happened.Subject!;
                if (--copy.Unanswered == 0) Complete(copy);
                break;
            case ShadowEventKind.WindowPassed:
                _tally.Coverage.Add((LoadWindow)happened.Subject!);
                _isDirty = true;
                break;
            case ShadowEventKind.Ask:
                ((Action)happened.Subject!)();
                break;
            case ShadowEventKind.End:
                _isEnding = true;
                break;
        }
    }

    /// <summary>Sends a copy to the candidate, and to the primary again where it is to measure noise.</summary>
    private void Begin(ShadowCopy copy)
    {
        if (_isEnding || _ending.IsCancellationRequested)
        {
            Drop(copy, CopyDrop.Stopped);
            return;
        }
        if (_time.GetTimestamp() - copy.OfferedAt > _maxAge)
        {
            Drop(copy, CopyDrop.Stale);
            return;
        }
        if (_binder.TryBind(copy.Request, out var reason) is not { } bound)
        {
            Drop(copy, CopyDrop.NotComparable, reason);
            return;
        }
        if (_controlLane is not null && copy.Primary is not null && RequestHash.IsIn(copy.Hash, _tally.ControlShare, HashPurpose.Control))
        {
            copy.Control = new CopyRun(copy, _queue);
            copy.Unanswered = 2;
            _controlLane.Submit(new PendingRequest(copy.Request), copy.Bytes, copy.Control, _ending.Token);
        }
        else
        {
            copy.Unanswered = 1;
        }
        copy.Candidate = new CopyRun(copy, _queue);
        _candidateLane.Submit(new PendingRequest(bound) { Trace = copy.Trace }, copy.Bytes, copy.Candidate, _ending.Token);
    }

    private void Complete(ShadowCopy copy)
    {
        var answer = copy.Candidate!.Answer;
        if (answer.Drop != CopyDrop.None)
        {
            Drop(copy, answer.Drop, beforeTheLane: false);
            return;
        }
        var control = copy.Control is { Answer.Drop: CopyDrop.None } run ? new ShadowAnswer(Sides.Primary, run.TakeResult(), run.Answer.Error, run.Answer.Run) : (ShadowAnswer?)null;
        var candidate = new ShadowAnswer(Sides.Candidate, copy.Candidate.TakeResult(), answer.Error, answer.Run);
        var age = _time.GetElapsedTime(copy.OfferedAt);
        PairOutcome outcome;
        using (var pair = new ShadowPair
        {
            Request = copy.Request,
            Primary = new ShadowAnswer(Sides.Primary, copy.Primary, copy.PrimaryError, copy.PrimaryRun),
            Candidate = candidate,
            Control = control,
            Slice = copy.Slice.Name,
            Hash = copy.Hash,
            At = _time.GetUtcNow() - age,
        })
        {
            outcome = _tally.Add(pair, copy, _capture);
        }
        copy.Trace?.Compared(outcome, answer.Error.IsNone ? null : answer.Error.Message);
        copy.ReleaseRuns();
        _tap.Leave(copy);
        _isDirty = true;
    }

    private void Drop(ShadowCopy copy, CopyDrop reason, string? why = null, bool beforeTheLane = true)
    {
        _tally.Drop(copy, reason, why);
        copy.Trace?.Dropped(reason, Candidate, beforeTheLane);
        copy.Release();
        _tap.Leave(copy);
        _isDirty = true;
    }

    private void Publish()
    {
        var before = Reading;
        var now = _tally.Read(_isEnding ? _endState : StateNow(), _endedAt, _endReason);
        Volatile.Write(ref _reading, now);
        _publishedAt = _time.GetTimestamp();
        _isDirty = false;
        if (before.State != now.State || before.Verdict.Verdict != now.Verdict.Verdict) _observer.Changed(this, before, now);
    }

    private ShadowState StateNow() => _candidateLane.IsBreakerOpen ? ShadowState.BreakerOpen : _tap.Share < 1 ? ShadowState.Throttled : ShadowState.Running;

    /// <summary>The last reading; whoever asks from here on reads for himself.</summary>
    private void Finish()
    {
        _queue.Complete();
        while (_queue.TryTake(out var late))
        {
            if (late.Kind == ShadowEventKind.Ask) ((Action)late.Subject!)();
            else if (late.Kind == ShadowEventKind.Offered) Drop((ShadowCopy)late.Subject!, CopyDrop.Stopped);
        }
        _isEnding = true;
        _endedAt = _time.GetUtcNow();
        _tally.Coverage.Add(_tap.CurrentWindow);
        _tally.Coverage.Settle(all: true);
        Publish();
        _observer.Ended(this, Reading);
        _ended.SetResult();
    }
}
