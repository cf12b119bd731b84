namespace GrpcServing.Shadowing;

/// <summary>Several e-values together. All as natural logarithms.</summary>
internal static class EValues
{
    /// <summary>ln of the average: an e-value against "every null holds", whatever their dependence. Not empty.</summary>
    public static double LogAverage(ReadOnlySpan<double> logEs)
    {
        var total = double.NegativeInfinity;
        foreach (var logE in logEs) total = LogMath.Add(total, logE);
        return total - Math.Log(logEs.Length);
    }

    /// <summary>
    /// e-BH: rejects the k largest where the k-th largest is at least K/(alpha k), for the largest such k. Of all rejections, the expected
    /// share of wrong ones is at most alpha under any dependence (Wang and Ramdas).
    /// </summary>
    /// <param name="rejected">Same length as <paramref name="logEs"/>; written.</param>
    /// <param name="scratch">Same length; overwritten.</param>
    /// <returns>How many were rejected.</returns>
    public static int BenjaminiHochberg(ReadOnlySpan<double> logEs, double alpha, Span<bool> rejected, Span<double> scratch)
    {
        logEs.CopyTo(scratch);
        var sorted = scratch[..logEs.Length];
        sorted.Sort();
        var bar = double.PositiveInfinity;
        for (var k = logEs.Length; k >= 1 && double.IsInfinity(bar); k--)
            if (sorted[^k] >= Math.Log(logEs.Length / (alpha * k))) bar = sorted[^k];

        var count = 0;
        for (var i = 0; i < logEs.Length; i++)
        {
            rejected[i] = logEs[i] >= bar;
            if (rejected[i]) count++;
        }
        return count;
    }
}
