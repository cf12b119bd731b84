namespace GrpcServing.Batching;

/// <summary>Decides from the harm that copies do to the primaries how large a share of them may run. A pure state machine.</summary>
/// <remarks>
/// <para>
/// Copies are held off for one second in ten, at a moment that changes, so that what the primaries are like without them is known under the
/// same load. Once a minute: where a primary's deadline misses, or its 99th percentile of queue time, are more than 5 % above those of the
/// moments without copies, the share is halved; else it grows by a tenth, up to 1.
/// </para>
/// <para>
/// A rise counts only when it is not chance (three standard deviations of the difference of two shares), and for queue times when it is more
/// than <c>leastRise</c>: of a hundred requests a minute no percentile can be told.
/// </para>
/// </remarks>
/// <param name="leastRise">Queue time in ticks that nobody would call harm.</param>
internal sealed class ShadowThrottle(long leastRise)
{
    public const int SecondsPerCycle = 10;

    public const int SecondsPerJudgement = 60;

    public const double LeastShare = 1.0 / 64;

    private const double Rise = 1.05;
    private const double Tail = 0.01;
    private const double Surprise = 3;

    /// <summary>Share of the copies asked for that may run, from <see cref="LeastShare"/> to 1.</summary>
    public double Share { get; private set; } = 1;

    /// <summary>Whether copies are held off in this second since the lanes opened.</summary>
    public static bool IsOff(long second)
    {
        // Another place in each cycle, so that load with a rhythm of its own does not always meet the same one.
        var cycle = (ulong)(second / SecondsPerCycle);
        return second % SecondsPerCycle == (long)((cycle * 0x9E3779B97F4A7C15UL >> 32) % SecondsPerCycle);
    }

    /// <summary>Once a minute, with the counts of that minute.</summary>
    /// <param name="with">Per primary lane, while copies might run.</param>
    /// <param name="without">Of the same lanes, while they were held off.</param>
    public void Judge(ReadOnlySpan<PhaseCounts> with, ReadOnlySpan<PhaseCounts> without)
    {
        var harmed = false;
        for (var i = 0; i < with.Length; i++) harmed |= IsHarmed(with[i], without[i]);
        Share = harmed ? Math.Max(LeastShare, Share / 2) : Math.Min(1, Share + 0.1);
    }

    private bool IsHarmed(in PhaseCounts with, in PhaseCounts without)
    {
        if (with.Requests == 0 || without.Requests == 0) return false;
        var missed = (double)with.Missed / with.Requests;
        var missedWithout = (double)without.Missed / without.Requests;
        if (IsRise(missed, with.Requests, missedWithout * Rise, without.Requests)) return true;

        if (with.Times.Count == 0 || without.Times.Count == 0) return false;
        var usual = without.Times.Quantile(1 - Tail);
        var limit = Math.Max((long)(usual * Rise), usual + leastRise);
        return IsRise(with.Times.ShareAbove(limit), with.Times.Count, Math.Max(Tail, without.Times.ShareAbove(limit)), without.Times.Count);
    }

    /// <summary>Whether one share is above the other by more than chance.</summary>
    private static bool IsRise(double share, long count, double other, long otherCount)
    {
        if (share <= other) return false;
        var pooled = (share * count + other * otherCount) / (count + otherCount);
        return share - other > Surprise * Math.Sqrt(pooled * (1 - pooled) * (1.0 / count + 1.0 / otherCount));
    }
}
