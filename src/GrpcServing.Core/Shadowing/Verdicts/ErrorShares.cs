namespace GrpcServing.Shadowing;

/// <summary>How alpha is spent: with what probability each way to a wrong verdict may happen, so that all together stay within alpha.</summary>
/// <remarks>
/// <para>
/// The plain disagreement test gives PASS at M_n(p0) >= 1/alpha with S/n below the budget: as the formulas have it, 473 clean pairs at 1 %
/// and 5 %. That does not cost the whole alpha. The prior's mixture is M = w E- + (1 - w) E+, with w its mass below the budget, E- the
/// mixture over rates below (a supermartingale when the rate is at or over the budget) and E+ that over rates above. With S/n below the
/// budget every likelihood ratio in E+ is under 1, so PASS implies E- >= (1/alpha - (1 - w)) / w and is wrong with probability at most
/// <c>alpha w / (1 - alpha (1 - w))</c>: .032 of .05. What is left is shared out: to the noise-corrected PASS and to FAIL of each guard.
/// </para>
/// <para>
/// PASS needs every guard, so it is wrong with the probability of the one guard that should not have passed. FAIL needs one guard, so the
/// shares of FAIL add up.
/// </para>
/// </remarks>
internal readonly record struct ErrorShares
{
    /// <summary>PASS of any one guard by its main test.</summary>
    public required double Pass { get; init; }

    /// <summary>PASS of the disagreement guard by its control pairs; 0 without control.</summary>
    public required double ExcessPass { get; init; }

    public required double DisagreementFail { get; init; }

    public required double FaultFail { get; init; }

    public required double ExecutionFail { get; init; }

    public required double LabelFail { get; init; }

    public static ErrorShares Of(VerdictOptions options)
    {
        var below = OneSidedEvidence.PriorMassBelow(options.DisagreementBudget);
        var pass = options.Alpha * below / (1 - options.Alpha * (1 - below));
        var rest = options.Alpha - pass;
        var controlled = options.ControlShare > 0;
        return new ErrorShares
        {
            Pass = pass,
            ExcessPass = controlled ? .2 * rest : 0,
            DisagreementFail = controlled ? .5 * rest : .7 * rest,
            FaultFail = .1 * rest,
            ExecutionFail = .1 * rest,
            LabelFail = .1 * rest,
        };
    }
}
