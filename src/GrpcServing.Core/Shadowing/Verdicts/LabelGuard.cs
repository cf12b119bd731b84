namespace GrpcServing.Shadowing;

/// <summary>Whether the candidate is right less often than the primary, where labels arrive: FAIL only, labels being no condition of PASS.</summary>
internal sealed class LabelGuard(VerdictOptions options, in ErrorShares shares)
{
    private readonly McNemarTest _right = new(options.Alpha);
    private readonly double _fail = OneSidedEvidence.Threshold(.5, shares.LabelFail);
    private GuardDecision _decision;

    public Verdict Verdict => _decision.Verdict;

    public void Observe(bool primaryRight, bool candidateRight, long pairs)
    {
        if (primaryRight == candidateRight) return;
        _right.Observe(candidateRight);
        if (_right.Second > _right.First && _right.LogE >= _fail) _decision.Fail(pairs);
        else if (_right.Verdict == Verdict.Fail) _decision.Pass(pairs);
    }

    /// <summary>Of the labels on which the two differ, the share where the candidate is the one that is right.</summary>
    public GuardReading Read()
    {
        var (lower, upper) = _right.Interval();
        var differing = _right.First + _right.Second;
        return new GuardReading(Guard.Labels, Verdict, .5, differing, (double)_right.First / differing, lower, upper, _right.LogE, _decision.DecidedAt);
    }
}
