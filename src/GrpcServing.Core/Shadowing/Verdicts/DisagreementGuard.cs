namespace GrpcServing.Shadowing;

/// <summary>Whether the candidate answers otherwise than the primary in more requests than the budget allows, the primary's own noise taken off.</summary>
/// <remarks>
/// <para>The same input gives different floats in another batch, so a perfect candidate disagrees as often as a copy of the primary does. The
/// guard is about the excess P(D) - P(C) over the control's rate P(C):</para>
/// <para>PASS, when P(D) itself is shown to be below the budget, for then the excess is too; or when the control pairs show the excess to be.</para>
/// <para>FAIL, only when the control pairs show the excess to be above. A high P(D) without control pairs may be all noise: it makes the
/// guard <see cref="IsSuspect"/>, which asks for control pairs. Where the configuration has no control, P(D) stands for the excess.</para>
/// </remarks>
internal sealed class DisagreementGuard
{
    private readonly double _budget;
    private readonly bool _controlled;
    private readonly BetaBinomialTest _rate;
    private readonly ExcessTest _excess = new();
    private readonly McNemarTest _difference;
    private readonly double _ratePass;
    private readonly double _rateFail;
    private readonly double _excessPass;
    private readonly double _excessFail;
    private GuardDecision _decision;

    public DisagreementGuard(VerdictOptions options, in ErrorShares shares)
    {
        _budget = options.DisagreementBudget;
        _controlled = options.ControlShare > 0;
        _rate = new BetaBinomialTest(_budget, options.Alpha);
        _difference = new McNemarTest(options.Alpha);
        _ratePass = -Math.Log(options.Alpha);
        _rateFail = OneSidedEvidence.Threshold(_budget, shares.DisagreementFail);
        _excessPass = -Math.Log(shares.ExcessPass);
        _excessFail = -Math.Log(shares.DisagreementFail);
    }

    public Verdict Verdict => _decision.Verdict;

    public long Pairs => _rate.Observations;

    public long Disagreements => _rate.Ones;

    public long ControlPairs => _excess.Pairs;

    /// <summary>The rate would FAIL if none of it were noise, and the control pairs have not settled that.</summary>
    public bool IsSuspect => _controlled && Verdict != Verdict.Fail && RateFails && _excess.LogEBelow(_budget) < _excessPass;

    private bool RateFails => _rate.IsAbove && _rate.LogE >= _rateFail;

    public void Observe(bool disagrees)
    {
        _rate.Observe(disagrees);
        if (!_rate.IsAbove && _rate.LogE >= _ratePass) _decision.Pass(Pairs);
        else if (!_controlled && RateFails) _decision.Fail(Pairs);
    }

    public void ObserveControl(bool candidateDisagrees, bool controlDisagrees)
    {
        if (!_controlled) return;
        _excess.Observe(candidateDisagrees, controlDisagrees);
        if (candidateDisagrees != controlDisagrees) _difference.Observe(candidateDisagrees);
        if (_excess.LogEAbove(_budget) >= _excessFail) _decision.Fail(Pairs);
        else if (_excess.LogEBelow(_budget) >= _excessPass) _decision.Pass(Pairs);
    }

    public GuardReading Read()
    {
        var (lower, upper) = _rate.Interval();
        return new GuardReading(Guard.Disagreement, Verdict, _budget, Pairs, (double)Disagreements / Pairs, lower, upper, _rate.LogE, _decision.DecidedAt);
    }

    public NoiseReading ReadNoise()
    {
        var (lower, upper) = _excess.Interval(_rate.Alpha);
        return new NoiseReading(_excess.Pairs, _excess.CandidateOnly, _excess.ControlOnly, _excess.Both, lower, upper, _difference.LogE);
    }
}
