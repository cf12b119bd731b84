using System.Globalization;
using GrpcServing.Models;

namespace GrpcServing.Batching;

/// <summary>Writes down everything a scheduler is told and everything it answers, one line each, so that <see cref="DecisionLog"/> can replay it.</summary>
/// <remarks>
/// For diagnosis: it allocates. First line <c>S</c> the settings; then what happened, <c>A</c>rrive, <c>C</c>ancel, <c>F</c>inished,
/// <c>D</c>ecide, <c>O</c>bserve, <c>Q</c> drain, each with its instant first; and what was answered, <c>R</c>un, <c>W</c>ait,
/// <c>X</c> refused. An entry goes by the number of its arrival.
/// </remarks>
public sealed class RecordingScheduler : Scheduler
{
    private readonly Scheduler _inner;
    private readonly LatencyTable _table;
    private readonly TextWriter _log;

    /// <param name="log">Stays the caller's; one line per event.</param>
    public RecordingScheduler(BatchPolicyKind policy, SchedulerSettings settings, LatencyTable table, TextWriter log)
    {
        _inner = Schedulers.Create(new BatchingConfiguration { Policy = policy }, settings, table);
        _table = table;
        _log = log;
        Write($"S {policy} {settings.MaxBatchRows} {settings.Executors} {settings.TicksPerSecond} {settings.MaxQueueDelayTicks} {settings.Levels} {settings.Seed} {table.MaxRows} [{string.Join(',', settings.PreferredBatchSizes)}] [{string.Join(',', settings.MaxQueueSizes)}]");
    }

    public override int QueuedRows => _inner.QueuedRows;

    public override int QueuedEntries => _inner.QueuedEntries;

    /// <summary>Records a run of the warm-up sweep in the table and in the log.</summary>
    public void Observe(int bucketId, int rows, long ticks)
    {
        _table.Observe(bucketId, rows, ticks);
        Write($"O {bucketId} {rows} {ticks}");
    }

    public override void Arrive(QueueEntry entry, long now)
    {
        _inner.Arrive(entry, now);
        Write($"A {now} {entry.Sequence} {entry.ArrivedAt} {entry.Deadline} {entry.QueueExpiry} {(entry.DelayOnExpiry ? 1 : 0)} {entry.Rows} {entry.BucketId} {entry.Level}");
        TakeRefused();
    }

    public override bool Cancel(QueueEntry entry, long now)
    {
        var waiting = _inner.Cancel(entry, now);
        Write($"C {now} {entry.Sequence} {(waiting ? 1 : 0)}");
        TakeRefused();
        return waiting;
    }

    public override void Finished(Batch batch, bool succeeded, long startedAt, long now)
    {
        Write($"F {now} {batch.Executor} {startedAt} {(succeeded ? 1 : 0)} {batch.CostTicks}");
        _inner.Finished(batch, succeeded, startedAt, now);
        TakeRefused();
    }

    public override Decision Decide(long now, Batch batch)
    {
        Write($"D {now}");
        var decision = _inner.Decide(now, batch);
        TakeRefused();
        Write(decision.Run
            ? $"R {batch.Executor} {batch.BucketId} {batch.Rows} {batch.PaddedRows} {batch.PlannedTicks} {batch.CloseReason} {string.Join(' ', batch.Members.Select(static member => member.Sequence))}"
            : (FormattableString)$"W {decision.WakeAt}");
        return decision;
    }

    public override void Drain()
    {
        Write($"Q");
        _inner.Drain();
    }

    private void TakeRefused()
    {
        foreach (var entry in _inner.Refused)
        {
            Write($"X {entry.Sequence} {entry.Refusal}");
            Refused.Add(entry);
        }
        _inner.Refused.Clear();
    }

    private void Write(FormattableString line) => _log.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
