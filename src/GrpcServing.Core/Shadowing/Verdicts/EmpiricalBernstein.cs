namespace GrpcServing.Shadowing;

/// <summary>Confidence sequence for the mean of numbers in [0, 1]: predictable-mixture empirical Bernstein.</summary>
/// <remarks>
/// <c>[sum l X] / [sum l] +- (ln(2/alpha) + sum v psi(l)) / sum l</c> with l_t = min(1/2, <see cref="BoundedMoments.NextBet"/>),
/// v_t = (X_t - mu_{t-1})^2, psi(l) = -ln(1-l) - l (Waudby-Smith and Ramdas, theorem 2, with the mean that starts at one half). Holds at all
/// times together with probability 1 - alpha. O(1) and no allocation per number. One thread.
/// </remarks>
internal sealed class EmpiricalBernstein(double alpha)
{
    private readonly double _log = Math.Log(2 / alpha);
    private BoundedMoments _moments = new(alpha);
    private CompensatedSum _bets;
    private CompensatedSum _weighted;
    private CompensatedSum _penalty;

    public long Count => _moments.Count;

    /// <summary>Middle of the interval before it is cut to [0, 1]; one half before the first number.</summary>
    public double Estimate => Count == 0 ? .5 : _weighted.Value / _bets.Value;

    /// <summary>Half its width; 1/2 at most once it is cut.</summary>
    public double Margin => Count == 0 ? .5 : (_log + _penalty.Value) / _bets.Value;

    public (double Lower, double Upper) Interval() => (Math.Max(0, Estimate - Margin), Math.Min(1, Estimate + Margin));

    /// <param name="x">In [0, 1].</param>
    public void Observe(double x)
    {
        var bet = Math.Min(.5, _moments.NextBet);
        var distance = x - _moments.Mean;
        _bets.Add(bet);
        _weighted.Add(bet * x);
        _penalty.Add(distance * distance * (-LogMath.Log1P(-bet) - bet));
        _moments.Add(x);
    }
}
