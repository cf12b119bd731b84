namespace GrpcServing.Batching;

/// <summary>Weighs the window's batch, which leaves out those with the nearest deadlines, against a chain of batches that starts with them.</summary>
/// <remarks>
/// Each batch of the chain is the largest that its first deadline allows, on the executor that is free first. The chain serves more of the
/// same entries and takes more time for it; it is worth that when it gains more entries than the longer work costs. Owned by one
/// <see cref="Continuation"/>; 0 bytes per call.
/// </remarks>
internal sealed class HeadChain(BatchCosts costs, WorkloadCost workload, int executors)
{
    /// <summary>Longest chain that is looked at; what is left then counts as not served.</summary>
    private const int MaxBatches = 4;

    private readonly long[] _freeAt = new long[executors];

    /// <summary>Entries gone through, and batches at four each, since the owner last set it to 0.</summary>
    public long Work { get; set; }

    /// <summary>Rows of the chain's first batch; 0 when the window's batch is the better start.</summary>
    /// <param name="entries">In order of deadline.</param>
    /// <param name="first">The first entry that waits.</param>
    /// <param name="begin">The first that the window's batch takes.</param>
    /// <param name="last">Behind the last that waits.</param>
    /// <param name="size">Rows of the window's batch.</param>
    /// <param name="freeAt">By executor.</param>
    /// <param name="executor">The one to start on, at <paramref name="now"/>.</param>
    public int FirstSize(in PendingEntries entries, int first, int begin, int last, int size, long now, long[] freeAt, int executor)
    {
        var ticks = costs.Ticks;
        var (due, rows) = entries;
        var head = HeadSize(entries, first, last, now, out var next);
        Work += next - first;
        if (head == 0 || next == last) return head;

        var (end, taken) = (begin, 0);
        while (end < last && taken + rows[end] <= size) taken += rows[end++];
        var (served, time) = (next - first, ticks[head]);
        freeAt.CopyTo(_freeAt, 0);
        _freeAt[executor] = now + ticks[head];
        for (var batches = 1; next < end && batches < MaxBatches; batches++)
        {
            var soonest = FirstFree(_freeAt);
            var start = Math.Max(now, _freeAt[soonest]);
            while (next < end && due[next] < start + ticks[rows[next]]) next++;
            if (next == end) break;
            var from = next;
            var batch = HeadSize(entries, from, end, start, out next);
            if (batch == 0) break;
            served += next - from;
            time += ticks[batch];
            _freeAt[soonest] = start + ticks[batch];
        }

        Work += end - begin + next - first + 8;
        var gain = served - (end - begin);
        if (time >= ticks[size] && gain <= 0) return gain == 0 && time == ticks[size] ? head : 0;
        var busy = 0L;
        foreach (var instant in freeAt) busy += Math.Max(0, instant - now);
        var behind = last - end;
        return gain >= workload.Of(busy + time, behind) - workload.Of(busy + ticks[size], behind) ? head : 0;
    }

    public static int FirstFree(long[] freeAt)
    {
        var soonest = 0;
        for (var i = 1; i < freeAt.Length; i++)
            if (freeAt[i] < freeAt[soonest]) soonest = i;
        return soonest;
    }

    /// <summary>Rows of the largest batch that the first deadline allows.</summary>
    /// <param name="next">The first entry that is not in it.</param>
    private int HeadSize(in PendingEntries entries, int first, int last, long now, out int next)
    {
        var (ticks, best) = (costs.Ticks, costs.BestRows);
        var (due, rows) = entries;
        var head = 0;
        for (next = first; next < last && head + rows[next] <= best && now + ticks[head + rows[next]] <= due[first]; next++) head += rows[next];
        return head;
    }
}
