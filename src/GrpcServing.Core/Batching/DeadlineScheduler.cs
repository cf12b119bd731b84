namespace GrpcServing.Batching;

/// <summary>Forms batches by the deadlines of the requests, the measured time of a batch, and what is likely to come.</summary>
/// <remarks>
/// <para>
/// Order: within a level the nearest deadline first, equal ones as they came. Nothing starts that cannot make every member's deadline at
/// the planned l(b); what cannot make it any more is refused as soon as that is known: on arrival, when a batch starts that leaves no
/// executor in time, or when its latest start passes. The size of a batch, and whether to wait for company, is chosen by
/// <see cref="Lookahead"/>. What counts is answers in time, not rows: in overload large requests give way (<see cref="GivingWay"/>).
/// </para>
/// <para>
/// Levels: the first level with work leads a batch, later levels fill the room it leaves. A level left out of the batches that start while
/// it waits is owed a sixteenth of their time and leads one itself once that pays for it. A reserve rather than ageing: a request with a
/// deadline has no time to age, while a share of the device keeps its promise at any load.
/// </para>
/// <para>
/// Entries without a deadline stand among the others as if theirs were <see cref="PatienceSeconds"/> after their arrival, and are never
/// late. While nothing is known of a bucket's times it is served greedily in this order.
/// </para>
/// <para>
/// A table that says "never in time" would never be corrected, since nothing runs that could correct it. So when the lane has been idle for
/// <see cref="ProbeSeconds"/> and refuses, the request runs all the same, on a device that nobody else wants. The lane must have been idle
/// for ten times what the table says it takes, and for a hundred times what the last one did take.
/// </para>
/// </remarks>
internal sealed class DeadlineScheduler : QueueingScheduler
{
    private const long PatienceSeconds = 1;
    private const int ReserveDivisor = 16;
    private const long ProbeSeconds = 1;
    private const long IdlePerPlannedProbe = 10;
    private const long IdlePerProbe = 100;

    private readonly ArrivalHistory _history;
    private readonly BatchCosts _costs;
    private readonly Continuation _continuation;
    private readonly Lookahead _lookahead;
    private readonly SizeExplorer _explorer;
    private readonly Turnaround _turnaround = new();
    private readonly long _patience;
    private readonly long[] _leftOutTicks;
    private readonly bool[] _servedLevels;
    private bool _hasWaited;
    private long _lastRunAt;
    private long _lastProbeTicks;

    public DeadlineScheduler(SchedulerSettings settings, LatencyTable table)
        : base(settings, table, settings.Levels)
    {
        _history = new ArrivalHistory(settings.Seed);
        _costs = new BatchCosts(table, settings.MaxBatchRows, settings.BesideTicks);
        var workload = new WorkloadCost(settings.Executors);
        _continuation = new Continuation(_costs, workload, settings.Executors, settings.MaxBatchRows);
        _lookahead = new Lookahead(_history, _costs, workload, _continuation, settings.TicksPerSecond);
        _explorer = new SizeExplorer(table, settings.MaxBatchRows);
        _patience = PatienceSeconds * settings.TicksPerSecond;
        _leftOutTicks = new long[settings.Levels];
        _servedLevels = new bool[settings.Levels];
    }

    public override void Arrive(QueueEntry entry, long now)
    {
        _history.Add(entry, now);
        _turnaround.Arrived(now);
        base.Arrive(entry, now);
    }

    public override void Finished(Batch batch, bool succeeded, long startedAt, long now)
    {
        if (batch.Members is [{ IsProbe: true }, ..]) _lastProbeTicks = now - startedAt;
        _turnaround.Ended(batch.Members.Count, now - startedAt, now, _history.Rate);
        base.Finished(batch, succeeded, startedAt, now);
    }

    protected override ErrorReason Judge(QueueEntry entry, long now)
    {
        var refusal = base.Judge(entry, now);
        if (refusal != ErrorReason.None || entry.Deadline == long.MaxValue) return refusal;
        if (LatestStart(entry) >= EarliestStart(now)) return ErrorReason.None;
        entry.IsProbe = Waiting.Count == 0 && EarliestStart(now) == now && now - _lastRunAt >= IdleBeforeProbe(entry);
        return entry.IsProbe ? ErrorReason.None : ErrorReason.DeadlineUnreachable;
    }

    private long IdleBeforeProbe(QueueEntry entry)
    {
        var planned = IdlePerPlannedProbe * Table.Estimate(entry.BucketId, entry.Rows);
        return Math.Max(ProbeSeconds * Settings.TicksPerSecond, Math.Max(planned, IdlePerProbe * _lastProbeTicks));
    }

    protected override int QueueOf(QueueEntry entry) => entry.Level;

    protected override long Order(QueueEntry entry, long now) =>
        entry.Deadline == long.MaxValue ? Math.Min(entry.ArrivedAt, now) + _patience : Math.Min(entry.Deadline, Demoted - 1);

    protected override long LatestStart(QueueEntry entry) =>
        entry.Deadline == long.MaxValue ? long.MaxValue : entry.Deadline - (entry.IsProbe ? 1 : Math.Max(1, Table.Estimate(entry.BucketId, entry.Rows)));

    protected override Decision Form(long now, Batch batch)
    {
        while (true)
        {
            var level = LeadingLevel();
            var bucket = MostUrgent(level);
            var queue = bucket[level];
            RefuseHopeless(queue, now);
            if (queue.Count == 0)
            {
                if (Waiting.Count == 0) return Decision.Idle;
                continue;
            }
            _costs.Load(bucket.BucketId);
            if (!_costs.IsKnown || queue[0].IsProbe)
            {
                TakeAll(bucket, level, batch);
                return Start(batch, now);
            }
            if (WaitsForReturning(queue, now, out var back)) return Decision.WaitUntil(back);
            var size = Choose(bucket, queue, now, out var waitUntil);
            if (size == 0)
            {
                _hasWaited = true;
                return Decision.WaitUntil(waitUntil);
            }
            if (size >= _costs.BestRows) size = _explorer.Stretch(bucket.BucketId, size, RowsInTime(queue, now), now);
            Take(bucket, level, size, now, batch);
            FillFromOtherLevels(bucket, level, now, batch);
            return Start(batch, now);
        }
    }

    protected override void Started(Batch batch, long now)
    {
        _lastRunAt = now;
        NoteLevels(batch);
        if (batch.PlannedTicks == 0) return;
        var next = EarliestStart(now);
        if (next == now) return;
        for (var i = Waiting.Buckets - 1; i >= 0; i--)
        {
            var bucket = Waiting.Bucket(i);
            for (var level = 0; level < Settings.Levels; level++) RefuseHopeless(bucket[level], next);
        }
    }

    /// <summary>When the next batch can start, as far as is known now.</summary>
    private long EarliestStart(long now)
    {
        var earliest = long.MaxValue;
        for (var i = 0; i < Settings.Executors && earliest > now; i++) earliest = Math.Min(earliest, FreeAt(i, now));
        return earliest;
    }

    /// <summary>Turns away the entries at the head that cannot make it in a batch that starts at this instant.</summary>
    private void RefuseHopeless(EntryQueue queue, long startAt)
    {
        while (queue.Count > 0 && LatestStart(queue[0]) < startAt)
        {
            var entry = queue[0];
            Remove(entry);
            Refuse(entry, ErrorReason.DeadlineUnreachable);
        }
    }

    private int LeadingLevel()
    {
        var leading = -1;
        for (var level = 0; level < Settings.Levels; level++)
        {
            if (Waiting.EntriesIn(level) == 0) continue;
            if (leading < 0) leading = level;
            else if (_leftOutTicks[level] > _leftOutTicks[leading] && _leftOutTicks[level] >= ReserveDivisor * Table.Estimate(MostUrgent(level).BucketId, 1)) return level;
        }
        return leading;
    }

    /// <summary>The bucket of a level whose first entry has to start soonest.</summary>
    private BucketQueue MostUrgent(int level)
    {
        BucketQueue? urgent = null;
        var soonest = long.MaxValue;
        for (var i = 0; i < Waiting.Buckets; i++)
        {
            var bucket = Waiting.Bucket(i);
            if (bucket[level].Count == 0) continue;
            if (Waiting.Buckets == 1) return bucket;
            var startBy = bucket[level].Key(0) - Table.Estimate(bucket.BucketId, bucket[level][0].Rows);
            if (urgent is null || startBy < soonest) (urgent, soonest) = (bucket, startBy);
        }
        return urgent!;
    }

    private int Choose(BucketQueue bucket, EntryQueue queue, long now, out long waitUntil)
    {
        var executor = 0;
        while (FreeAt(executor, now) > now) executor++;
        _continuation.Begin(now, executor);
        for (var i = 0; i < Settings.Executors; i++) _continuation.SetFreeAt(i, FreeAt(i, now));
        var seen = Math.Min(queue.Count, Continuation.MaxWaiting);
        for (var i = 0; i < seen; i++) _continuation.Add(queue[i].Deadline, queue[i].Rows);
        if (_history.IsMixed) _continuation.GiveWay();
        return _lookahead.Choose(now, bucket.BucketId, mayWait: Settings.MayWait && !Draining && queue.Count == Waiting.Count, out waitUntil);
    }

    /// <summary>Whether the only executor is better kept for the callers that its last batch answered.</summary>
    private bool WaitsForReturning(EntryQueue queue, long now, out long until)
    {
        until = now;
        if (Settings.Executors > 1 || Draining || queue.Count < Waiting.Count || queue.Rows >= _costs.BestRows) return false;
        until = _turnaround.WaitUntil(now, queue.Rows, _history.MeanRows, queue[0].Deadline, _costs);
        return until > now;
    }

    /// <summary>Rows of the largest batch that everybody who waits would still make, if they were all in it.</summary>
    private int RowsInTime(EntryQueue queue, long now)
    {
        var rows = Math.Min(queue.Rows, Settings.MaxBatchRows);
        while (rows > 0 && now + _costs.Ticks[rows] > queue[0].Deadline) rows--;
        return rows;
    }

    /// <summary>Moves into the batch, in order, what makes its deadline in a batch of this size; nobody overtakes an equal deadline.</summary>
    private void Take(BucketQueue bucket, int level, int size, long now, Batch batch)
    {
        batch.BucketId = bucket.BucketId;
        var queue = bucket[level];
        var finish = now + _costs.Ticks[size];
        var (taken, among) = (0, 0);
        var passed = long.MinValue;
        for (var i = 0; i < queue.Count && batch.Rows < size; i++)
        {
            var entry = queue[i];
            if (entry.Deadline < finish || entry.Deadline == passed) continue;
            if (batch.Rows + entry.Rows > size || _continuation.Gives(i))
            {
                passed = entry.Deadline;
                continue;
            }
            Take(entry, batch);
            taken++;
            among = i + 1;
        }
        Waiting.RemoveTaken(bucket, level, taken, among);
    }

    private void TakeAll(BucketQueue bucket, int level, Batch batch)
    {
        batch.BucketId = bucket.BucketId;
        var queue = bucket[level];
        var taken = 0;
        while (taken < queue.Count && batch.Rows + queue[taken].Rows <= Settings.MaxBatchRows) Take(queue[taken++], batch);
        Waiting.RemoveTaken(bucket, level, taken, taken);
    }

    private void FillFromOtherLevels(BucketQueue bucket, int leading, long now, Batch batch)
    {
        if (bucket.Count == bucket[leading].Count) return;
        var earliest = long.MaxValue;
        foreach (var member in batch.Members) earliest = Math.Min(earliest, member.Deadline);
        for (var level = 0; level < Settings.Levels && batch.Rows < _costs.BestRows; level++)
        {
            if (level == leading) continue;
            var queue = bucket[level];
            var (taken, among) = (0, 0);
            for (var i = 0; i < queue.Count; i++)
            {
                var entry = queue[i];
                var rows = batch.Rows + entry.Rows;
                if (rows > _costs.BestRows || now + _costs.Ticks[rows] > earliest) break;
                if (now + _costs.Ticks[rows] > entry.Deadline) continue;
                earliest = Math.Min(earliest, entry.Deadline);
                Take(entry, batch);
                taken++;
                among = i + 1;
            }
            Waiting.RemoveTaken(bucket, level, taken, among);
        }
    }

    private Decision Start(Batch batch, long now)
    {
        batch.CloseReason = Draining ? BatchCloseReason.Draining
            : _costs.IsKnown && batch.Rows >= _costs.BestRows ? BatchCloseReason.Full
            : _hasWaited ? BatchCloseReason.Deadline
            : BatchCloseReason.ExecutorFree;
        _hasWaited = false;
        return Decision.Start;
    }

    private void NoteLevels(Batch batch)
    {
        if (Settings.Levels == 1) return;
        Array.Clear(_servedLevels);
        foreach (var member in batch.Members) _servedLevels[member.Level] = true;
        for (var level = 0; level < Settings.Levels; level++)
        {
            if (_servedLevels[level]) _leftOutTicks[level] = 0;
            else if (Waiting.EntriesIn(level) > 0) _leftOutTicks[level] += batch.PlannedTicks;
        }
    }
}
