using GrpcServing.Admission;

namespace GrpcServing.Batching;

/// <summary>A lane that answers callers, on a device that lanes of copies may share.</summary>
/// <remarks>Costs a request one read, and a batch one store, while there is no lane of copies.</remarks>
/// <param name="threadsPerRun">Of the device, that one of its batches takes.</param>
/// <param name="usesOneThread">As <see cref="GrpcServing.Models.ExecutionConfiguration.RunsOnOneThread"/>.</param>
internal sealed class PrimaryRole(DeviceBoard board, QueueBounds bounds, LatencyTable table, int threadsPerRun, bool usesOneThread, long ticksPerSecond) : LaneRole
{
    private int _bucketId;
    private long _costsVersion = -1;
    private long _costsAt = long.MinValue / 2;
    private long _waitingSince;
    private PhaseMeter? _phases;

    public LanePulse Pulse { get; } = new(bounds, ticksPerSecond);

    /// <summary>Made with the first lane of copies: it is large.</summary>
    public PhaseMeter Phases => LazyInitializer.EnsureInitialized(ref _phases);

    public int ThreadsPerRun => threadsPerRun;

    public override void Open(BatchLoop loop, BatchRun[] runs)
    {
        foreach (var run in runs) run.MeasuresCpu = usesOneThread;
        board.Add(this);
    }

    public override void Submitting() => board.PrimaryArrives();

    public override void Arrived(PendingRequest request, long now)
    {
        _bucketId = request.BucketId;
        if (board.HasShadows) Pulse.Arrived(request, now);
    }

    public override void Refused(PendingRequest request)
    {
        if (board.HasShadows && request.Refusal is ErrorReason.DeadlineExpired or ErrorReason.DeadlineUnreachable) Phases.Missed(board.IsOff);
    }

    public override void Started(BatchRun run, int running, long now)
    {
        Pulse.SetRunning(running);
        if (!board.HasShadows) return;
        foreach (var member in run.Plan.Members) Phases.Started(now - member.ArrivedAt, board.IsOff);
    }

    public override void Finished(BatchRun run, int running)
    {
        Pulse.SetRunning(running);
        if (!board.HasShadows) return;
        foreach (var member in run.Plan.Members)
            if (member.Deadline < run.EndedAt) Phases.Missed(board.IsOff);
    }

    public override long Resting(Scheduler scheduler, long now)
    {
        if (!board.HasShadows) return long.MaxValue;
        _waitingSince = scheduler.QueuedEntries == 0 ? now : _waitingSince;
        Pulse.SetQueue(scheduler.QueuedRows, scheduler.HeadDeadline, _waitingSince);
        TellCosts(now);
        if (!Pulse.IsPresent) board.PrimaryRests(now);
        return long.MaxValue;
    }

    public override void Ended() => board.Remove(this);

    /// <summary>Gives a copy of l(b) away, at most ten times a second: the table is the loop's own.</summary>
    private void TellCosts(long now)
    {
        if (table.Version == _costsVersion && _costsVersion >= 0 || now - _costsAt < ticksPerSecond / 10) return;
        (_costsVersion, _costsAt) = (table.Version, now);
        if (table.Estimate(_bucketId, 1) == 0) return;
        var costs = new long[table.MaxRows + 1];
        for (var rows = 1; rows < costs.Length; rows++) costs[rows] = table.Estimate(_bucketId, rows);
        Pulse.SetCosts(costs);
    }
}
