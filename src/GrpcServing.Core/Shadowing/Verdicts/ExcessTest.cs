namespace GrpcServing.Shadowing;

/// <summary>Decides whether the candidate disagrees with the primary more often than the control copy does, by more than a budget.</summary>
/// <remarks>
/// <para>
/// Per control pair, Z = D - C is 1, 0 or -1: the candidate disagrees (D), the primary's own copy does (C). Its mean is the excess
/// P(D) - P(C), in which noise that both share cancels. Against "mean &lt;= m" one may bet a share l of the wealth that Z is larger: each
/// pair multiplies it by 1 + l (Z - m), which is not negative for l up to 1/(1+m) and has mean at most 1, so the wealth is a
/// supermartingale however the rates move, as long as the excess stays at or below m. Against "mean >= m" likewise with 1 + l (m - Z).
/// Here the wealth is spread over shares l that halve from one to the next, most on the first.
/// </para>
/// <para>Whether a pair gets a control may depend on anything earlier, never on its own D. Without noise Z = D, and the evidence is that
/// of a plain test of the rate.</para>
/// <para>The state is three counts: O(1) per pair; a reading costs 24 terms. One thread.</para>
/// </remarks>
internal sealed class ExcessTest
{
    private const int Shares = 24;

    /// <summary>Largest share of the greatest allowed: keeps something when everything was lost on one pair.</summary>
    private const double BoldestAbove = .9;

    /// <summary>Less bold below: PASS without noise is the plain test's matter, and with noise large shares lose.</summary>
    private const double BoldestBelow = .5;

    public long Pairs => CandidateOnly + ControlOnly + Both + Neither;

    /// <summary>Z = 1.</summary>
    public long CandidateOnly { get; private set; }

    /// <summary>Z = -1.</summary>
    public long ControlOnly { get; private set; }

    public long Both { get; private set; }

    public long Neither { get; private set; }

    public void Observe(bool candidateDisagrees, bool controlDisagrees)
    {
        if (candidateDisagrees && controlDisagrees) Both++;
        else if (candidateDisagrees) CandidateOnly++;
        else if (controlDisagrees) ControlOnly++;
        else Neither++;
    }

    /// <summary>ln of the evidence that the excess is above <paramref name="budget"/>; a budget above -1 and below 1.</summary>
    public double LogEAbove(double budget) => LogWealth(CandidateOnly, ControlOnly, budget, BoldestAbove);

    /// <summary>ln of the evidence that the excess is below <paramref name="budget"/>.</summary>
    public double LogEBelow(double budget) => LogWealth(ControlOnly, CandidateOnly, -budget, BoldestBelow);

    /// <summary>Confidence sequence of the excess: {m : neither side's evidence reaches 2/alpha}.</summary>
    public (double Lower, double Upper) Interval(double alpha)
    {
        if (Pairs == 0) return (-1, 1);
        var threshold = Math.Log(2 / alpha);
        var excess = (double)(CandidateOnly - ControlOnly) / Pairs;
        return (Lower(excess, threshold), Upper(excess, threshold));
    }

    private double Lower(double inside, double threshold)
    {
        var outside = -1.0;
        for (var i = 0; i < 100 && inside - outside > 1e-12; i++)
        {
            var middle = (inside + outside) / 2;
            if (LogEAbove(middle) < threshold) inside = middle;
            else outside = middle;
        }
        return outside;
    }

    private double Upper(double inside, double threshold)
    {
        var outside = 1.0;
        for (var i = 0; i < 100 && outside - inside > 1e-12; i++)
        {
            var middle = (inside + outside) / 2;
            if (LogEBelow(middle) < threshold) inside = middle;
            else outside = middle;
        }
        return outside;
    }

    /// <summary>ln of the wealth of who bets that the mean is above m, after this many wins (Z = 1) and losses (Z = -1).</summary>
    private double LogWealth(long wins, long losses, double m, double boldest)
    {
        var draws = Both + Neither;
        var total = double.NegativeInfinity;
        var share = boldest / (1 + m);
        for (var k = 1; k <= Shares; k++, share /= 2)
        {
            // Weights 1/(k(k+1)), the rest on the last: they sum to 1.
            var weight = k < Shares ? 1.0 / (k * (k + 1)) : 1.0 / k;
            total = LogMath.Add(total, Math.Log(weight)
                + wins * LogMath.Log1P(share * (1 - m)) + draws * LogMath.Log1P(-share * m) + losses * LogMath.Log1P(-share * (1 + m)));
        }
        return total;
    }
}
