namespace GrpcServing.Batching;

/// <summary>What every policy shares: the queues, who is given up when, the executors. A policy adds the order and the batch.</summary>
internal abstract class QueueingScheduler : Scheduler
{
    /// <summary>Order key of an entry that outstayed a queue policy of the delaying kind: behind all others.</summary>
    protected const long Demoted = long.MaxValue;

    private readonly GiveUpHeap _giveUps = new();
    private readonly bool[] _busy;
    private readonly long[] _freeAt;
    private long _nextSequence;

    /// <param name="queuesPerBucket">How many queues the policy keeps per shape bucket; see <see cref="QueueOf"/>.</param>
    protected QueueingScheduler(SchedulerSettings settings, LatencyTable table, int queuesPerBucket)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.MaxBatchRows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.Executors, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.Levels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.TicksPerSecond, 1);
        Settings = settings;
        Table = table;
        Waiting = new WaitingEntries(settings.Levels, queuesPerBucket);
        _busy = new bool[settings.Executors];
        _freeAt = new long[settings.Executors];
    }

    public override int QueuedRows => Waiting.Rows;

    public override int QueuedEntries => Waiting.Count;

    public override long HeadDeadline => _giveUps.NextAt == long.MaxValue ? long.MaxValue : _giveUps.Next.Deadline;

    protected SchedulerSettings Settings { get; }

    protected LatencyTable Table { get; }

    protected WaitingEntries Waiting { get; }

    protected bool Draining { get; private set; }

    public override void Arrive(QueueEntry entry, long now)
    {
        GiveUp(now);
        entry.Sequence = _nextSequence++;
        entry.HeapIndex = -1;
        entry.IsQueued = false;
        var refusal = Judge(entry, now);
        if (refusal != ErrorReason.None)
        {
            Refuse(entry, refusal);
            return;
        }
        entry.OrderKey = Order(entry, now);
        Enqueue(entry);
    }

    public override bool Cancel(QueueEntry entry, long now)
    {
        if (!entry.IsQueued) return false;
        Remove(entry);
        return true;
    }

    public override void Finished(Batch batch, bool succeeded, long startedAt, long now)
    {
        _busy[batch.Executor] = false;
        if (succeeded) Table.Observe(batch.BucketId, batch.PaddedRows, now - startedAt, batch.CostTicks > 0 ? batch.CostTicks : now - startedAt);
    }

    public override Decision Decide(long now, Batch batch)
    {
        GiveUp(now);
        if (Waiting.Count == 0) return Decision.Idle;
        var executor = Array.IndexOf(_busy, false);
        if (executor < 0) return Decision.WaitUntil(_giveUps.NextAt);

        batch.Clear();
        var decision = Form(now, batch);
        if (!decision.Run) return Decision.WaitUntil(Math.Min(decision.WakeAt, _giveUps.NextAt));
        batch.Executor = executor;
        batch.PlannedTicks = Table.Estimate(batch.BucketId, batch.Rows);
        batch.PaddedRows = Math.Max(batch.Rows, Table.PaddedRows(batch.BucketId, batch.Rows));
        _busy[executor] = true;
        _freeAt[executor] = now + batch.PlannedTicks;
        Started(batch, now);
        return decision;
    }

    public override void Drain() => Draining = true;

    /// <summary>Why an entry is not taken at all; <see cref="ErrorReason.None"/> when it is.</summary>
    protected virtual ErrorReason Judge(QueueEntry entry, long now)
    {
        if (entry.Deadline <= now) return ErrorReason.DeadlineExpired;
        if (entry.QueueExpiry <= now && !entry.DelayOnExpiry) return ErrorReason.QueueTimeout;
        var most = Settings.MaxQueueSize(entry.Level);
        return most > 0 && Waiting.EntriesIn(entry.Level) >= most ? ErrorReason.QueueFull : ErrorReason.None;
    }

    /// <summary>Queue, within its bucket, that an entry waits in.</summary>
    protected abstract int QueueOf(QueueEntry entry);

    /// <summary>Key by which a queue is ordered; below <see cref="Demoted"/>.</summary>
    protected abstract long Order(QueueEntry entry, long now);

    /// <summary>Order key of an entry that moves behind the others.</summary>
    protected virtual long DemotedOrder(QueueEntry entry) => Demoted;

    /// <summary>Latest instant at which a batch of this entry alone may start; it is given up when that has passed.</summary>
    protected virtual long LatestStart(QueueEntry entry) => entry.Deadline - 1;

    /// <summary>Fills the batch with entries, which <see cref="Take"/> removes, or says when to ask again.</summary>
    protected abstract Decision Form(long now, Batch batch);

    /// <summary>A batch leaves for its executor.</summary>
    protected virtual void Started(Batch batch, long now)
    {
    }

    /// <summary>When an executor is expected to be free; not later than <paramref name="now"/> when it is.</summary>
    protected long FreeAt(int executor, long now) => _busy[executor] ? Math.Max(now, _freeAt[executor]) : now;

    /// <summary>Moves an entry into a batch. The caller takes it out of its queue by <see cref="WaitingEntries.RemoveTaken"/>.</summary>
    protected void Take(QueueEntry entry, Batch batch)
    {
        Waiting.Forget(entry);
        _giveUps.Remove(entry);
        batch.Members.Add(entry);
        batch.Rows += entry.Rows;
    }

    /// <summary>Puts an entry in the place that its order key gives it.</summary>
    protected void Enqueue(QueueEntry entry)
    {
        Waiting.Add(entry, QueueOf(entry));
        _giveUps.Add(entry, GiveUpAt(entry));
    }

    protected void Remove(QueueEntry entry)
    {
        _giveUps.Remove(entry);
        Waiting.Remove(entry, QueueOf(entry));
    }

    protected void Refuse(QueueEntry entry, ErrorReason reason)
    {
        entry.Refusal = reason;
        Refused.Add(entry);
    }

    /// <summary>Turns away, or moves back, everything whose time has come.</summary>
    private void GiveUp(long now)
    {
        while (_giveUps.NextAt <= now)
        {
            var entry = _giveUps.Next;
            var expired = entry.QueueExpiry <= now && !IsDemoted(entry);
            if (entry.Deadline <= now)
            {
                Remove(entry);
                Refuse(entry, ErrorReason.DeadlineExpired);
            }
            else if (expired && entry.DelayOnExpiry)
            {
                Remove(entry);
                entry.OrderKey = DemotedOrder(entry);
                Enqueue(entry);
            }
            else if (expired || LatestStart(entry) < now)
            {
                Remove(entry);
                Refuse(entry, expired ? ErrorReason.QueueTimeout : ErrorReason.DeadlineUnreachable);
            }
            else
            {
                // Batches became cheaper since it arrived.
                _giveUps.Remove(entry);
                _giveUps.Add(entry, GiveUpAt(entry));
            }
        }
    }

    private bool IsDemoted(QueueEntry entry) => entry.OrderKey == DemotedOrder(entry);

    private long GiveUpAt(QueueEntry entry)
    {
        var latest = entry.Deadline == long.MaxValue ? long.MaxValue : LatestStart(entry) + 1;
        return IsDemoted(entry) ? latest : Math.Min(latest, entry.QueueExpiry);
    }
}
