using GrpcServing.Batching;
using GrpcServing.Models;

namespace GrpcServing.Microbenchmarks.Batching;

/// <summary>One batch through the scheduler on virtual time: eight arrivals, the decision, the end of the run.</summary>
internal sealed class DecisionPath : MeasuredPath
{
    private const long TicksPerSecond = 1_000_000_000;
    private const int Arrivals = 8;

    // The mid model of bench/models: growing, and best at 24 rows.
    private static readonly FixedTable Table = new(static rows => 50_000 + (15_000 * rows) + (rows > 24 ? 200_000 : 0));

    private readonly Entry[] _entries = [.. Enumerable.Range(0, 256).Select(static _ => new Entry())];
    private readonly Batch _batch = new();
    private readonly Scheduler _scheduler;
    private long _now;
    private int _next;

    public DecisionPath(BatchPolicyKind policy) =>
        _scheduler = Schedulers.Create(new BatchingConfiguration { Policy = policy }, new SchedulerSettings { MaxBatchRows = FixedTable.Rows, TicksPerSecond = TicksPerSecond, MayWait = false }, Table);

    public override void Run()
    {
        for (var i = 0; i < Arrivals; i++)
        {
            var entry = _entries[_next++ % _entries.Length];
            entry.ArrivedAt = _now;
            entry.Deadline = _now + TicksPerSecond;
            _scheduler.Arrive(entry, _now += 1000);
        }
        _batch.Clear();
        if (!_scheduler.Decide(_now, _batch).Run || _scheduler.Refused.Count > 0) throw new InvalidOperationException("A free executor was not given the batch.");
        var started = _now;
        _now += Table.Estimate(0, _batch.PaddedRows);
        _scheduler.Finished(_batch, succeeded: true, started, _now);
    }

    protected override void Dispose(bool disposing)
    {
        // Nothing is held.
    }

    private sealed class Entry : QueueEntry;

    /// <summary>A profile that never changes.</summary>
    private sealed class FixedTable(Func<int, long> ticks) : LatencyTable
    {
        public const int Rows = 64;

        public override int MaxRows => Rows;

        public override long Estimate(int bucketId, int rows) => ticks(rows);

        public override int PaddedRows(int bucketId, int rows) => rows;

        public override void Observe(int bucketId, int rows, long ticks, long cost)
        {
            // It never changes.
        }
    }
}
