namespace GrpcServing.Shadowing;

/// <summary>Whether the candidate fails requests: FAIL above the budget, PASS below the ceiling.</summary>
/// <remarks>Two bounds, since ruling out a rare fault takes many requests while seeing a frequent one takes few.</remarks>
internal sealed class FaultGuard(VerdictOptions options, in ErrorShares shares)
{
    private readonly BetaBinomialTest _budget = new(options.FaultBudget, options.Alpha);
    private readonly BetaBinomialTest _ceiling = new(options.FaultCeiling, options.Alpha);
    private readonly double _fail = OneSidedEvidence.Threshold(options.FaultBudget, shares.FaultFail);
    private readonly double _pass = -Math.Log(options.Alpha);
    private GuardDecision _decision;

    public Verdict Verdict => _decision.Verdict;

    public long Faults => _budget.Ones;

    public void Observe(bool faulted)
    {
        _budget.Observe(faulted);
        _ceiling.Observe(faulted);
        if (_budget.IsAbove && _budget.LogE >= _fail) _decision.Fail(_budget.Observations);
        else if (!_ceiling.IsAbove && _ceiling.LogE >= _pass) _decision.Pass(_budget.Observations);
    }

    public GuardReading Read()
    {
        var (lower, upper) = _budget.Interval();
        return new GuardReading(Guard.Faults, Verdict, _budget.Budget, _budget.Observations, (double)Faults / _budget.Observations, lower, upper, _budget.LogE, _decision.DecidedAt);
    }
}
