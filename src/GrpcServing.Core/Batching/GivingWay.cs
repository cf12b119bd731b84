namespace GrpcServing.Batching;

/// <summary>Finds the large requests that give way to several small ones when not all that wait can be served in time.</summary>
/// <remarks>
/// <para>
/// An answer in time counts one, whatever its rows. So where the entries, in order of deadline, need more time than there is, the largest
/// so far is left out: on one machine this loses the fewest (Moore 1968, "An n job, one machine sequencing algorithm for minimizing the
/// number of late jobs"). It is left out of one decision only; if the lane gets room while it can still make it, it is served.
/// </para>
/// <para>
/// Only the last of several equal deadlines gives way, so that nobody overtakes an equal one; nor does an entry without a deadline, which
/// would wait for ever. Pure; 0 bytes per call.
/// </para>
/// </remarks>
internal sealed class GivingWay(BatchCosts costs, WorkloadCost workload, int executors, int maxRows)
{
    /// <summary>
    /// Load from which on anybody gives way. Measured: below, a lane that serves 99 % in time serves each size as often as if nobody did;
    /// without the limit it refuses one in 300 more of the large ones.
    /// </summary>
    private const double CrowdedLoad = 0.9;

    // By rows.
    private readonly int[] _mayGive = new int[maxRows + 1];
    private readonly int[] _mustGive = new int[maxRows + 1];

    /// <param name="entries">In order of deadline.</param>
    /// <param name="freeAt">By executor; at least one is free at <paramref name="now"/>.</param>
    /// <param name="gives">By entry: whether it gives way, or cannot make it any more. Unspecified when the answer is false.</param>
    /// <returns>False when nobody gives way, or nothing would be left.</returns>
    public bool Find(in PendingEntries entries, int count, long now, long[] freeAt, bool[] gives)
    {
        if (workload.Load < CrowdedLoad) return false;
        var ticks = costs.Ticks;
        var (due, rows) = entries;
        var best = costs.BestRows;
        var free = 0;
        foreach (var instant in freeAt)
            if (instant <= now) free++;
        var (full, perRow) = (free * best, TicksPerRow());
        Array.Clear(_mayGive);
        Array.Clear(_mustGive);
        var (waiting, largest, kept) = (0, 0, 0);
        var passed = long.MinValue;
        for (var i = 0; i < count; i++)
        {
            var own = rows[i];
            gives[i] = due[i] == passed || due[i] < now + ticks[own];
            if (gives[i])
            {
                passed = due[i];
                continue;
            }
            waiting += own;
            kept++;
            if (MayGive(due, i, count))
            {
                _mayGive[own]++;
                largest = Math.Max(largest, own);
            }
            var needed = waiting <= full ? ticks[(waiting + free - 1) / free] : ticks[best] + (long)((waiting - full) * perRow);
            if (needed <= due[i] - now) continue;
            while (largest > 0 && _mayGive[largest] == 0) largest--;
            kept--;
            if (largest == 0)
            {
                gives[i] = true;
                passed = due[i];
                waiting -= own;
                continue;
            }
            _mayGive[largest]--;
            _mustGive[largest]++;
            waiting -= largest;
        }
        if (kept == 0 || kept == count) return false;
        for (var i = 0; i < count; i++)
        {
            // Of equal size those with the nearest deadline.
            if (gives[i] || _mustGive[rows[i]] == 0 || !MayGive(due, i, count)) continue;
            gives[i] = true;
            _mustGive[rows[i]]--;
        }
        return true;
    }

    /// <summary>
    /// Of the rows behind the batches that start now. In overload those that come meanwhile want the same time. Measured: at load 1.5 this
    /// serves one request in a hundred more.
    /// </summary>
    private double TicksPerRow() => Math.Max(1, workload.Load) * costs.Ticks[costs.BestRows] / ((double)costs.BestRows * executors);

    private static bool MayGive(long[] due, int index, int count) =>
        due[index] != long.MaxValue && (index + 1 == count || due[index] != due[index + 1]);
}
