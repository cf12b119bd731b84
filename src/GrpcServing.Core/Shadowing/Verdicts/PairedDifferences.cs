namespace GrpcServing.Shadowing;

/// <summary>Tests and bounds the mean of paired differences that have no bound, such as regression deltas. Valid as the number of pairs grows.</summary>
/// <remarks>
/// The variance is estimated from the same pairs, so unlike the tests of rates these are asymptotic. O(1) and no allocation per
/// difference. One thread.
/// </remarks>
internal sealed class PairedDifferences
{
    private double _mean;
    private double _squares;

    public long Count { get; private set; }

    public double Mean => _mean;

    /// <summary>Unbiased; 0 for fewer than two.</summary>
    public double Variance => Count < 2 ? 0 : _squares / (Count - 1);

    /// <param name="difference">Candidate less primary; finite.</param>
    public void Observe(double difference)
    {
        Count++;
        var distance = difference - _mean;
        _mean += distance / Count;
        _squares += distance * (difference - _mean);
    }

    /// <summary>ln of the mixture SPRT's evidence that the mean is not <paramref name="center"/>; reject at ln(1/alpha).</summary>
    /// <param name="mixture">Variance of the normal mixture, tau squared: about the square of the difference that matters.</param>
    public double LogE(double mixture, double center = 0) => Variance == 0 ? 0 : LogE(Count, _mean - center, Variance, mixture);

    /// <summary>The asymptotic confidence sequence of the mean.</summary>
    /// <param name="alpha">Above 0 and below 1.</param>
    /// <param name="optimum">Number of pairs at which it is tightest, about.</param>
    public (double Lower, double Upper) Interval(double alpha, long optimum)
    {
        if (Count < 2) return (double.NegativeInfinity, double.PositiveInfinity);
        var margin = Margin(Count, Math.Sqrt(Variance), alpha, optimum);
        return (_mean - margin, _mean + margin);
    }

    /// <summary><c>ln L = ln(s2/(s2 + n tau2))/2 + n^2 tau2 mean^2 / (2 s2 (s2 + n tau2))</c> (Johari et al., for one sample of differences).</summary>
    public static double LogE(long count, double mean, double variance, double mixture)
    {
        var total = variance + count * mixture;
        return Math.Log(variance / total) / 2 + count * mean * (count * mean) * mixture / (2 * variance * total);
    }

    /// <summary>Half the width of the sequence: <see cref="NormalMixtureBoundary"/> at time n over n, in deviations (Waudby-Smith et al.).</summary>
    public static double Margin(long count, double deviation, double alpha, long optimum) =>
        deviation * NormalMixtureBoundary(count, alpha, BestRho(optimum, alpha)) / count;

    /// <summary>Howard's two-sided normal mixture boundary, <c>sqrt((v + rho) ln((v + rho) / (rho alpha^2)))</c>: how far a sum of intrinsic time v ever strays.</summary>
    public static double NormalMixtureBoundary(double time, double alpha, double rho) => Math.Sqrt((time + rho) * Math.Log((time + rho) / (rho * alpha * alpha)));

    /// <summary><c>v / (-2 ln alpha + ln(1 - 2 ln alpha))</c>: makes the boundary tightest about time v.</summary>
    public static double BestRho(double time, double alpha) => time / (-2 * Math.Log(alpha) + Math.Log(1 - 2 * Math.Log(alpha)));
}
