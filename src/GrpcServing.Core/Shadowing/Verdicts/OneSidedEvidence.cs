namespace GrpcServing.Shadowing;

/// <summary>Evidence of a <see cref="BetaBinomialTest"/> with the default prior that the rate is above its budget, and that alone.</summary>
/// <remarks>
/// Of M = w E- + (1 - w) E+ (see <see cref="ErrorShares"/>), with the observed rate above the budget E- is under 1, so E+ is at least
/// (M - w) / (1 - w). E+ is a supermartingale while the rate is at or below the budget, even one that moves.
/// </remarks>
internal static class OneSidedEvidence
{
    /// <summary>w of the prior Beta(1, 1/p0 - 1): <c>1 - (1 - p0)^(1/p0 - 1)</c>, between one half and 1 - 1/e.</summary>
    public static double PriorMassBelow(double budget) => 1 - Math.Exp((1 / budget - 1) * LogMath.Log1P(-budget));

    /// <summary>The ln M that, with the observed rate above the budget, shows the rate to be above it but for a probability of <paramref name="error"/>.</summary>
    public static double Threshold(double budget, double error)
    {
        var below = PriorMassBelow(budget);
        return Math.Log(below + (1 - below) / error);
    }

    /// <summary>ln E+; -infinity when the observed rate is not above the budget.</summary>
    public static double LogE(BetaBinomialTest test)
    {
        if (!test.IsAbove) return double.NegativeInfinity;
        var below = PriorMassBelow(test.Budget);
        var belowPart = below * Math.Exp(-test.LogE);
        return belowPart >= 1 ? double.NegativeInfinity : test.LogE + LogMath.Log1P(-belowPart) - Math.Log(1 - below);
    }
}
