namespace GrpcServing.Shadowing;

/// <summary>Decides whether the candidate disagrees with the primary more often than the control copy does, by more than a budget.</summary>
/// <remarks>
/// <para>
/// Per control pair, Z = D - C is 1, 0 or -1: the candidate disagrees (D), the primary's own copy does (C). Its mean is the excess
/// P(D) - P(C), in which noise that both share cancels. Against "mean &lt;= m" one may bet a share l of the wealth that Z is larger: each
/// pair multiplies it by 1 + l (Z - m), whose mean is at most 1, so the wealth is a supermartingale however the rates move, as long as
/// the excess stays at or below m (<see cref="ExcessBets"/>). Against "mean >= m" likewise with 1 + l (m - Z).
/// </para>
/// <para>Whether a pair gets a control may depend on anything earlier, never on its own D. Without noise Z = D, and the evidence is that
/// of a test of the rate.</para>
/// <para>The state is four counts. One thread.</para>
/// </remarks>
internal sealed class ExcessTest
{
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

    /// <summary>ln of the evidence that the excess is above the budget.</summary>
    public double LogEAbove(ExcessBudget budget) => LogEAbove(budget.Above);

    /// <summary>ln of the evidence that the excess is below the budget.</summary>
    public double LogEBelow(ExcessBudget budget) => LogEBelow(budget.Below);

    /// <summary>Confidence sequence of the excess: {m : neither side's evidence reaches 2/alpha}.</summary>
    public (double Lower, double Upper) Interval(double alpha)
    {
        if (Pairs == 0) return (-1, 1);
        var threshold = Math.Log(2 / alpha);
        var excess = (double)(CandidateOnly - ControlOnly) / Pairs;
        var bets = new ExcessBets(0, ExcessBudget.BoldestAbove);
        return (Boundary(excess, -1, bets, threshold), Boundary(excess, 1, bets, threshold));
    }

    private double LogEAbove(ExcessBets bets) => bets.LogWealth(CandidateOnly, Both + Neither, ControlOnly);

    private double LogEBelow(ExcessBets bets) => bets.LogWealth(ControlOnly, Both + Neither, CandidateOnly);

    private double Boundary(double inside, double outside, ExcessBets bets, double threshold)
    {
        while (Math.Abs(outside - inside) > 1e-12)
        {
            var middle = (inside + outside) / 2;
            var isLower = outside < inside;
            bets.Place(isLower ? middle : -middle, isLower ? ExcessBudget.BoldestAbove : ExcessBudget.BoldestBelow);
            if ((isLower ? LogEAbove(bets) : LogEBelow(bets)) < threshold) inside = middle;
            else outside = middle;
        }
        return outside;
    }
}
