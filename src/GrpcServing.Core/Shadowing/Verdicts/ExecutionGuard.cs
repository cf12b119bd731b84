namespace GrpcServing.Shadowing;

/// <summary>Whether the candidate takes longer to execute than the budget allows.</summary>
internal sealed class ExecutionGuard
{
    private readonly double _budget;
    private readonly BettingTest _bets;
    private readonly EmpiricalBernstein _ratio;
    private readonly double _pass;
    private readonly double _fail;
    private GuardDecision _decision;

    public ExecutionGuard(VerdictOptions options, in ErrorShares shares)
    {
        _budget = options.ExecutionRatioBudget;
        _bets = new BettingTest(ExecutionRatio.ToUnit(_budget), options.Alpha);
        _ratio = new EmpiricalBernstein(options.Alpha);
        (_pass, _fail) = (-Math.Log(shares.Pass), -Math.Log(shares.ExecutionFail));
    }

    public Verdict Verdict => _decision.Verdict;

    public void Observe(double ratio, long pairs)
    {
        var x = ExecutionRatio.ToUnit(ratio);
        _bets.Observe(x);
        _ratio.Observe(x);
        if (_bets.LogEAbove >= _fail) _decision.Fail(pairs);
        else if (_bets.LogEBelow >= _pass) _decision.Pass(pairs);
    }

    /// <summary>The interval is that of the winsorised geometric mean ratio.</summary>
    public GuardReading Read()
    {
        var (lower, upper) = _ratio.Interval();
        var estimate = _ratio.Count == 0 ? double.NaN : ExecutionRatio.FromUnit(_ratio.Estimate);
        return new GuardReading(Guard.ExecutionTime, Verdict, _budget, _ratio.Count, estimate, ExecutionRatio.FromUnit(lower), ExecutionRatio.FromUnit(upper),
            Math.Max(_bets.LogEAbove, _bets.LogEBelow), _decision.DecidedAt);
    }
}
