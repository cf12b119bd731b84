namespace GrpcServing.Simulator;

/// <summary>The most requests that any schedule on one executor answers in time, knowing the whole trace: single rows, deadlines in order of arrival.</summary>
/// <remarks>
/// Some optimal schedule takes batches in order of arrival, starts each as soon as the executor is free and its last member is there, and
/// fills each with neighbours. So P[j][k] = the earliest instant at which the first j requests are decided and k of them turned away:
/// P[j][k] = min(P[j-1][k-1], min over b of max(P[j-b][k], r_j) + l(b) where that is no later than the deadline of request j-b+1).
/// Per j only the pairs count where turning more away ends strictly earlier, and none beyond the first that is idle before j+1 arrives.
/// </remarks>
internal static class Optimum
{
    public static void Check(Arrival[] trace, string path)
    {
        for (var i = 0; i < trace.Length; i++)
        {
            // Line 1 is the header.
            if (trace[i].Rows != 1)
                throw new InputException($"{path}:{i + 2}: the optimum is exact for single rows only; expected rows 1, found {trace[i].Rows}.");
            if (i > 0 && trace[i].Deadline < trace[i - 1].Deadline)
                throw new InputException($"{path}:{i + 2}: the optimum is exact only when deadlines come in the order of arrival; this deadline is before that of the request before it.");
        }
    }

    public static int Solve(Profile profile, Arrival[] trace)
    {
        var n = trace.Length;
        if (n == 0) return 0;
        // fronts[j]: pairs (turned away, earliest end), turned away ascending, end strictly descending.
        var fronts = new List<(int Away, long End)>[n + 1];
        fronts[0] = [(0, long.MinValue)];
        var best = new Dictionary<int, long>();
        for (var j = 1; j <= n; j++)
        {
            best.Clear();
            foreach (var (away, end) in fronts[j - 1]) Offer(best, away + 1, end);
            var (arrival, nextArrival) = (trace[j - 1].At, j < n ? trace[j].At : long.MaxValue);
            for (var b = 1; b <= Math.Min(profile.MaxRows, j); b++)
            {
                var ticks = profile.Ticks(b);
                var deadline = trace[j - b].Deadline;
                if (arrival + ticks > deadline) break;
                foreach (var (away, end) in fronts[j - b])
                {
                    var finish = Math.Max(end, arrival) + ticks;
                    if (finish <= deadline) Offer(best, away, finish);
                }
            }
            fronts[j] = Front(best, nextArrival);
            if (j > profile.MaxRows) fronts[j - profile.MaxRows - 1] = null!;
        }
        return n - fronts[n].Min(static pair => pair.Away);
    }

    private static void Offer(Dictionary<int, long> best, int away, long end)
    {
        if (!best.TryGetValue(away, out var known) || end < known) best[away] = end;
    }

    private static List<(int Away, long End)> Front(Dictionary<int, long> best, long nextArrival)
    {
        var front = new List<(int, long)>();
        var earliest = long.MaxValue;
        foreach (var (away, end) in best.OrderBy(static pair => pair.Key))
        {
            if (end >= earliest) continue;
            earliest = end;
            front.Add((away, end));
            if (end <= nextArrival && nextArrival != long.MaxValue) break;
        }
        return front;
    }
}
