using GrpcServing.Admission;
using GrpcServing.Execution;
using GrpcServing.Models;

namespace GrpcServing.Batching;

/// <summary>A lane of copies: starts them only where the device's board allows, and takes back what a primary had cut short.</summary>
/// <remarks>
/// What a run leaves unanswered goes back to its place in the queue. After a failure, or a run that took too long, in batches of half as many
/// rows, until the copy at fault runs alone: only that one counts as an error of the candidate.
/// </remarks>
internal sealed class ShadowRole(ModelSpec spec, DeviceBoard board, SlackScheduler scheduler, CircuitBreaker circuit, SlackSettings slack, RunLimits limits, bool isProcessor, bool usesOneThread, IShadowLaneObserver observer, TimeProvider time) : LaneRole
{
    private static int _hasWarned;

    private BatchLoop? _loop;
    private BatchRun[] _runs = [];
    private RunWatch? _watch;
    private volatile bool _isHungry;
    private bool _isClosing;
    private long _started;
    private long _preempted;
    private long _overdue;
    private int _lost;

    public override int LostRuns => _watch!.Lost;

    /// <summary>Any thread.</summary>
    public ShadowRunCounts Counts => new(Volatile.Read(ref _started), Volatile.Read(ref _preempted), Volatile.Read(ref _overdue), Volatile.Read(ref _lost));

    public override bool IsLost(int run) => _watch!.IsLost(run);

    public override void Open(BatchLoop loop, BatchRun[] runs)
    {
        _loop = loop;
        _runs = runs;
        _watch = new RunWatch(runs, limits, Progress, Overdue, GiveUp);
        foreach (var run in runs)
        {
            run.IsOfCopies = true;
            // Other devices start threads of their own, which would inherit the priority.
            run.Quiet = isProcessor ? new QuietThread(WarnOfPriority) : null;
            run.MeasuresCpu = usesOneThread;
        }
        board.Add(this);
    }

    /// <summary>There may be slack. Any thread but a primary's.</summary>
    public void Wake()
    {
        if (_isHungry) _loop!.Post(LaneEvent.Tick);
    }

    /// <summary>Copies are held off. Any thread; takes no lock.</summary>
    public void StopRuns()
    {
        foreach (var run in _runs) run.Stop(RunStop.Preempted);
    }

    /// <summary>A primary needs the device. Any thread; takes no lock.</summary>
    public void MakeWay()
    {
        var now = time.GetTimestamp();
        foreach (var run in _runs)
        {
            // What should have ended by now has no plan any more.
            var goesOn = slack.MaxPrimaryDelay > 0 && run.PlannedEnd >= now && run.PlannedEnd <= now + slack.MaxPrimaryDelay;
            if (!goesOn) run.Stop(RunStop.Preempted);
        }
    }

    public override void Deciding(long now)
    {
        _watch!.Look(now);
        if (slack.MaxPrimaryDelay > 0 && board.IsPrimaryHeldUp) MakeWayFor(now);
        // Before it looks: a primary that comes to rest just then must not be missed.
        _isHungry = scheduler.QueuedEntries > 0;
        if (_isHungry) board.Look(scheduler.View, now);
    }

    public override void Started(BatchRun run, int running, long now)
    {
        Interlocked.Increment(ref _started);
        run.Renew(run.Plan.PlannedTicks == 0 ? long.MaxValue : now + run.Plan.PlannedTicks);
        _watch!.Started(run, now);
        if (!board.CopiesStart()) run.Stop(RunStop.Preempted);
    }

    public override void Finished(BatchRun run, int running)
    {
        if (_watch!.Ended(run))
        {
            Volatile.Write(ref _lost, _watch.Lost);
            observer.RunRecovered(spec);
        }
        else
        {
            board.CopiesEnded(run.CpuNanoseconds);
        }
        var now = time.GetTimestamp();
        var isAtFault = run.Faulted || IsTooSlow(run);
        if (run.Stopped == RunStop.Preempted && !run.Succeeded) Interlocked.Increment(ref _preempted);
        foreach (var entry in run.Plan.Members)
        {
            var member = (PendingRequest)entry;
            if (member.IsAnswered) member.ReleaseBody();
            else if (_isClosing) Fail(member, LaneRefusals.LaneClosed);
            else if (!isAtFault) PutBack(member, companyRows: 0, now);
            else if (run.Plan.Members.Count > 1) PutBack(member, Math.Max(1, run.Plan.Rows / 2), now);
            else FailAlone(member, now);
        }
        if (circuit.IsOpen) scheduler.RefuseAll(ErrorReason.CircuitOpen);
    }

    public override long Resting(Scheduler scheduler, long now)
    {
        _isHungry = scheduler.QueuedEntries > 0;
        return slack.MaxPrimaryDelay == 0 ? _watch!.NextAt : Math.Min(_watch!.NextAt, NextPlannedEnd(now));
    }

    public override void Closing(long now)
    {
        _isClosing = true;
        _watch!.StopAll(now);
    }

    public override void Ended()
    {
        board.Remove(this);
        foreach (var run in _runs)
            if (!IsLost(run.Index)) run.Quiet?.Dispose();
    }

    private void PutBack(PendingRequest member, int companyRows, long now)
    {
        member.Trace?.PutBack();
        scheduler.Requeue(member, companyRows, now);
    }

    private void WarnOfPriority(string reason)
    {
        if (Interlocked.Exchange(ref _hasWarned, 1) == 0) observer.PriorityNotLowered(reason);
    }

    /// <summary>Stops the runs that were let go on beside a primary and did not end as planned.</summary>
    private void MakeWayFor(long now)
    {
        foreach (var run in _runs)
            if (run.PlannedEnd <= now) run.Stop(RunStop.Preempted);
    }

    private long NextPlannedEnd(long now)
    {
        var next = long.MaxValue;
        foreach (var run in _runs)
            if (run.PlannedEnd > now) next = Math.Min(next, run.PlannedEnd);
        return next;
    }

    private RunProgress? Progress(BatchRun run) =>
        run.Progress() is { } progress ? new RunProgress(ThreadClock.ToTicks(progress.CpuNanoseconds, time), progress.WantsProcessor) : null;

    /// <summary>Stopped for its time, and it was the model that took it: a thread that nobody let run is not the model's fault. Where a run's progress can be told, such a run was not stopped.</summary>
    private bool IsTooSlow(BatchRun run) =>
        run.Stopped == RunStop.Overdue
        && (run.Progress() is not null || run.CpuNanoseconds == 0 || 2 * run.CpuNanoseconds / 1e9 * time.TimestampFrequency >= run.EndedAt - run.StartedAt);

    private void FailAlone(PendingRequest member, long now)
    {
        circuit.Failed(now);
        Fail(member, new ServingError(ErrorReason.ExecutionFailed, $"Running model '{spec.Name}' version {spec.Version} was ended after {(now - member.StartedAt) * 1000.0 / time.TimestampFrequency:0} ms, far beyond the time it was measured to take."));
    }

    private void Overdue(BatchRun run)
    {
        Interlocked.Increment(ref _overdue);
        observer.RunOverdue(spec, run.Plan.Rows, time.GetElapsedTime(0, limits.For(run.Plan.PlannedTicks)));
    }

    /// <summary>The run goes on, with the executor and its memory; those who wait for it do not.</summary>
    private void GiveUp(BatchRun run)
    {
        Volatile.Write(ref _lost, _watch!.Lost);
        board.CopiesEnded(0);
        observer.RunLost(spec, run.Plan.Rows);
        var nothingIsLeft = _watch.Lost == _runs.Length;
        if (nothingIsLeft) circuit.Open(time.GetTimestamp());
        // Last: whoever has the answer finds the state that goes with it.
        foreach (var entry in run.Plan.Members)
            Fail((PendingRequest)entry, new ServingError(ErrorReason.ExecutionFailed, $"Running model '{spec.Name}' version {spec.Version} hangs: the run did not end when it was terminated."));
        if (nothingIsLeft) scheduler.RefuseAll(ErrorReason.CircuitOpen);
    }

    private static void Fail(PendingRequest member, ServingError error)
    {
        member.TryFail(error);
        member.ReleaseBody();
    }
}
