using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>Lets a random lane run to its end on virtual time and keeps what happened.</summary>
internal sealed class LaneRun
{
    private readonly Scheduler _scheduler;
    private readonly LatencyTable _table;
    private readonly RandomLane _lane;
    private readonly Dictionary<int, (Batch Batch, long StartedAt, long EndsAt)> _running = [];

    public LaneRun(RandomLane lane, Scheduler scheduler, LatencyTable table)
    {
        (_lane, _scheduler, _table) = (lane, scheduler, table);
        Run();
    }

    public sealed record Start(long At, long Planned, int Rows, int PaddedRows, int BucketId, int Executor, QueueEntry[] Members);

    public List<Start> Starts { get; } = [];

    public List<(QueueEntry Entry, long At)> Refusals { get; } = [];

    public List<QueueEntry> Cancelled { get; } = [];

    public List<QueueEntry> Entries { get; } = [];

    /// <summary>An executor was started while it was busy.</summary>
    public bool Overlapped { get; private set; }

    private void Run()
    {
        var arrivals = new List<(long At, QueueEntry Entry)>();
        var departures = new PriorityQueue<QueueEntry, long>();
        long at = 0;
        foreach (var visitor in _lane.Visitors)
        {
            at += visitor.Gap;
            var entry = new TestEntry
            {
                ArrivedAt = at,
                Deadline = visitor.Slack == 0 ? long.MaxValue : at + visitor.Slack,
                Rows = visitor.Rows,
                Level = visitor.Level,
                BucketId = visitor.Bucket,
                QueueExpiry = visitor.Timeout == 0 ? long.MaxValue : at + visitor.Timeout,
                DelayOnExpiry = visitor.Delays,
            };
            arrivals.Add((at, entry));
            Entries.Add(entry);
            if (visitor.Leaves > 0) departures.Enqueue(entry, at + visitor.Leaves);
        }

        var next = 0;
        var wakeAt = long.MaxValue;
        for (var events = 0; events < 100_000; events++)
        {
            var now = wakeAt;
            if (next < arrivals.Count) now = Math.Min(now, arrivals[next].At);
            foreach (var run in _running.Values) now = Math.Min(now, run.EndsAt);
            if (departures.TryPeek(out _, out var leavesAt)) now = Math.Min(now, leavesAt);
            if (now == long.MaxValue) return;

            foreach (var run in _running.Values.Where(run => run.EndsAt <= now).ToArray())
            {
                _running.Remove(run.Batch.Executor);
                _scheduler.Finished(run.Batch, succeeded: true, run.StartedAt, now);
            }
            for (; next < arrivals.Count && arrivals[next].At <= now; next++) _scheduler.Arrive(arrivals[next].Entry, now);
            while (departures.TryPeek(out var gone, out leavesAt) && leavesAt <= now)
            {
                departures.Dequeue();
                if (_scheduler.Cancel(gone, now)) Cancelled.Add(gone);
            }
            TakeRefused(now);
            wakeAt = Decide(now);
        }
        throw new InvalidOperationException("The lane does not come to rest.");
    }

    private long Decide(long now)
    {
        while (true)
        {
            var batch = new Batch();
            var decision = _scheduler.Decide(now, batch);
            TakeRefused(now);
            if (!decision.Run) return decision.WakeAt;
            Starts.Add(new Start(now, _table.Estimate(batch.BucketId, batch.Rows), batch.Rows, batch.PaddedRows, batch.BucketId, batch.Executor, [.. batch.Members]));
            Overlapped |= _running.ContainsKey(batch.Executor);
            var ticks = _lane.Profile.IsEmpty ? 10 : _lane.Profile[batch.PaddedRows - 1];
            _running[batch.Executor] = (batch, now, now + ticks);
        }
    }

    private void TakeRefused(long now)
    {
        foreach (var entry in _scheduler.Refused) Refusals.Add((entry, now));
        _scheduler.Refused.Clear();
    }
}
