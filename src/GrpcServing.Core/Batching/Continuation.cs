namespace GrpcServing.Batching;

/// <summary>Plays a lane forward: the entries that wait now, a first action, then arrivals and a base rule until a horizon.</summary>
/// <remarks>
/// The inner loop of looking ahead: columns of numbers, no objects, 0 bytes per call. It simplifies what comes after the first action:
/// one level, one bucket, entries in order of deadline, each batch a run of neighbours.
/// </remarks>
internal sealed class Continuation(BatchCosts costs, WorkloadCost workload, int executors, int maxRows)
{
    public const int MaxWaiting = 512;

    private readonly HeadChain _chain = new(costs, workload, executors);
    private readonly GivingWay _givingWay = new(costs, workload, executors, maxRows);
    private readonly bool[] _gives = new bool[MaxWaiting];
    private readonly PendingEntries _waiting = new(MaxWaiting);
    private readonly long[] _freeAt = new long[executors];

    private readonly PendingEntries _pending = new(MaxWaiting + ArrivalHistory.Length);
    private readonly long[] _playedFreeAt = new long[executors];

    private long _now;
    private int _executor;
    private int _seen;

    /// <summary>Entries that wait.</summary>
    public int Waiting { get; private set; }

    /// <summary>Their rows.</summary>
    public int WaitingRows { get; private set; }

    public int Executors => executors;

    /// <summary>Entries gone through, and batches at four each, since the owner last set it to 0: the measure of time spent.</summary>
    public long Work { get; set; }

    /// <summary>Starts anew with nothing waiting.</summary>
    /// <param name="executor">The free one that the first action is about.</param>
    public void Begin(long now, int executor)
    {
        (_now, _executor, Waiting, WaitingRows, _seen) = (now, executor, 0, 0, 0);
        Array.Fill(_freeAt, now);
    }

    public void SetFreeAt(int executor, long instant) => _freeAt[executor] = instant;

    /// <summary>Adds a waiting entry behind the others; those beyond the capacity are not seen.</summary>
    public void Add(long due, int rows)
    {
        if (Waiting == MaxWaiting) return;
        _waiting.Due[Waiting] = due;
        _waiting.Rows[Waiting++] = rows;
        WaitingRows += rows;
    }

    /// <summary>Leaves out the entries that <see cref="GivingWay"/> finds; after the last was added. At least one remains, and the first can make it alone.</summary>
    public void GiveWay()
    {
        if (!_givingWay.Find(_waiting, Waiting, _now, _freeAt, _gives)) return;
        _seen = Waiting;
        Waiting = 0;
        var (due, rows) = _waiting;
        for (var i = 0; i < _seen; i++)
        {
            if (_gives[i]) WaitingRows -= rows[i];
            else (due[Waiting], rows[Waiting++]) = (due[i], rows[i]);
        }
    }

    /// <summary>Whether the entry that was added as this one gives way.</summary>
    public bool Gives(int index) => index < _seen && _gives[index];

    /// <summary>Rows of the batch that this size gives: those of the entries that make their deadline in it, in order, as far as they fit.</summary>
    public int RowsTaken(int size)
    {
        var finish = _now + costs.Ticks[size];
        var (due, rows) = _waiting;
        var taken = 0;
        var passed = long.MinValue;
        for (var i = 0; i < Waiting && taken < size; i++)
        {
            if (due[i] < finish || due[i] == passed) continue;
            if (taken + rows[i] <= size) taken += rows[i];
            else passed = due[i];
        }
        return taken;
    }

    /// <summary>The batch the rule would start now, in rows; 0 when it waits, until <paramref name="startAt"/>.</summary>
    /// <param name="startAt">Latest start of the window's batch with one more row; not after now when it should not wait.</param>
    public int Base(BaseRule rule, out long startAt)
    {
        var (due, rows) = _waiting;
        var (ticks, best) = (costs.Ticks, costs.BestRows);
        startAt = _now;
        var left = WaitingRows;
        var begin = 0;
        while (begin < Waiting && due[begin] < _now + ticks[Math.Min(left, best)]) left -= rows[begin++];
        var size = Math.Min(left, best);
        if (begin > 0 && _chain.FirstSize(_waiting, 0, begin, Waiting, size, _now, _freeAt, _executor) is > 0 and var head) return head;
        if (begin == Waiting || RowsTaken(size) == 0) return rows[0];
        while (begin > 0 && due[begin - 1] >= _now + ticks[size]) begin--;
        if (size < best && due[begin] != long.MaxValue) startAt = due[begin] - ticks[size + 1];
        return rule == BaseRule.LateWindow && startAt > _now ? 0 : size;
    }

    /// <summary>Starts a batch of this size now, then follows the rule.</summary>
    /// <returns>Entries served in time, or still waiting at the horizon, less the cost of the work that is left there.</returns>
    public double PlayStart(int size, Arrivals future, BaseRule rule, long horizon)
    {
        var finish = _now + costs.Ticks[size];
        var (taken, served, kept, keptRows) = (0, 0, 0, 0);
        var passed = long.MinValue;
        var (due, rows) = _waiting;
        for (var i = 0; i < Waiting; i++)
        {
            if (due[i] >= finish && due[i] != passed && taken < size)
            {
                if (taken + rows[i] <= size)
                {
                    taken += rows[i];
                    served++;
                    continue;
                }
                passed = due[i];
            }
            _pending.Due[kept] = due[i];
            _pending.Rows[kept++] = rows[i];
            keptRows += rows[i];
        }
        _freeAt.CopyTo(_playedFreeAt, 0);
        _playedFreeAt[_executor] = _now + costs.Ticks[taken];
        return served + Play(kept, keptRows, future, rule, horizon);
    }

    /// <summary>Starts nothing until an instant, or until so many have come if that is sooner, then follows the rule.</summary>
    /// <param name="arrivals">0 = however many come.</param>
    public double PlayWait(long until, int arrivals, Arrivals future, BaseRule rule, long horizon)
    {
        Array.Copy(_waiting.Due, _pending.Due, Waiting);
        Array.Copy(_waiting.Rows, _pending.Rows, Waiting);
        var resumesAt = arrivals > 0 && arrivals <= future.Count ? Math.Min(until, future.At[arrivals - 1]) : until;
        for (var i = 0; i < executors; i++) _playedFreeAt[i] = Math.Max(resumesAt, _freeAt[i]);
        return Play(Waiting, WaitingRows, future, rule, horizon);
    }

    /// <summary>Plays a rule over arrivals from an empty lane to the end.</summary>
    public double Replay(Arrivals arrivals, BaseRule rule)
    {
        Array.Fill(_playedFreeAt, arrivals.At[0]);
        return Play(0, 0, arrivals, rule, long.MaxValue);
    }

    private double Play(int count, int countRows, Arrivals future, BaseRule rule, long horizon)
    {
        var (ticks, best) = (costs.Ticks, costs.BestRows);
        var freeAt = _playedFreeAt;
        var (due, rows) = _pending;
        var (futureAt, futureDue, futureRows) = (future.At, future.Due, future.Rows);
        var next = 0;
        var nextAt = future.Count > 0 ? futureAt[0] : long.MaxValue;
        // Pending entries are [first, last) in order of deadline, left rows in all.
        var (first, last, left) = (0, count, countRows);
        var (served, work) = (0, 0);
        while (true)
        {
            work += 4;
            var executor = HeadChain.FirstFree(freeAt);
            var now = freeAt[executor];
            if (first == last && nextAt > now) now = nextAt;
            if (now >= horizon) break;

            while (nextAt <= now)
            {
                var deadline = futureDue[next];
                var at = last++;
                while (at > first && due[at - 1] > deadline)
                {
                    due[at] = due[at - 1];
                    rows[at] = rows[at - 1];
                    at--;
                }
                due[at] = deadline;
                rows[at] = futureRows[next];
                left += rows[at];
                nextAt = ++next < future.Count ? futureAt[next] : long.MaxValue;
            }
            while (first < last && due[first] < now + ticks[1]) left -= rows[first++];
            if (first == last)
            {
                freeAt[executor] = now;
                continue;
            }

            var begin = first;
            var size = left < best ? left : best;
            var after = left;
            while (begin < last && due[begin] < now + ticks[size])
            {
                after -= rows[begin++];
                size = after < best ? after : best;
            }
            if (begin > first && _chain.FirstSize(_pending, first, begin, last, size, now, freeAt, executor) is > 0 and var head)
            {
                (begin, size) = (first, head);
            }
            else if (begin == last)
            {
                (first, left) = (last, 0);
                continue;
            }
            else
            {
                var finish = now + ticks[size];
                while (begin > first && due[begin - 1] >= finish) begin--;
                if (rule == BaseRule.LateWindow && size < best && due[begin] != long.MaxValue)
                {
                    var startAt = Math.Min(due[begin] - ticks[size + 1], Math.Max(now + 1, nextAt));
                    if (startAt > now)
                    {
                        freeAt[executor] = startAt;
                        continue;
                    }
                }
            }

            var end = begin;
            var taken = 0;
            while (end < last && taken + rows[end] <= size) taken += rows[end++];
            var starts = true;
            if (end == begin)
            {
                // One request of more rows than the batch: alone, or not at all.
                taken = rows[end++];
                starts = now + ticks[taken] <= due[begin];
            }
            if (starts) served += end - begin;
            freeAt[executor] = starts ? now + ticks[taken] : now;
            left -= taken;
            work += end - first;
            if (freeAt.Length == 1)
            {
                // Who was left out cannot be served any more when the only executor is free again.
                while (first < begin) left -= rows[first++];
                first = end;
            }
            else
            {
                while (begin > first)
                {
                    due[--end] = due[--begin];
                    rows[end] = rows[begin];
                }
                first = end;
            }
        }
        Work += last + work + _chain.Work;
        _chain.Work = 0;
        if (horizon == long.MaxValue) return served;
        var busy = 0L;
        foreach (var instant in freeAt) busy += Math.Max(0, instant - horizon);
        while (first < last && due[first] < horizon + ticks[1]) first++;
        var pending = last - first + future.Count - next;
        return served + pending - workload.Of(busy, pending);
    }
}
