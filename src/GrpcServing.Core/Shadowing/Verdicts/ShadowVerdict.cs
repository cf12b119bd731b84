namespace GrpcServing.Shadowing;

/// <summary>The verdict on one candidate, from everything that its pairs show.</summary>
/// <remarks>
/// <para>FAIL as soon as one guard fails, also after a PASS; it stays. PASS when every guard passes, and there are enough pairs, over enough
/// time, of enough of the traffic; it stays unless a guard fails later. Otherwise UNDECIDED, however long it lasts.</para>
/// <para>Promise: the verdict is ever wrong with probability at most <see cref="VerdictOptions.Alpha"/>, though it is read after every pair
/// (<see cref="ErrorShares"/> says how), if requests are independent and their rates constant. Whoever feeds it keeps to this: one
/// observation per request, in the order they were compared; whether a request is fed must not depend on what its answers were.</para>
/// <para>One thread: the loop that compares. Time comes in as a number. No allocation but for a new slice and a snapshot.</para>
/// </remarks>
internal sealed class ShadowVerdict
{
    private readonly VerdictOptions _options;
    private readonly DisagreementGuard _disagreement;
    private readonly FaultGuard _faults;
    private readonly ExecutionGuard? _execution;
    private readonly LabelGuard _labels;
    private readonly SliceVerdicts _slices;
    private GuardDecision _decision;

    /// <param name="options">Valid: <see cref="VerdictOptions.Failures"/> gives none.</param>
    public ShadowVerdict(VerdictOptions options)
    {
        _options = options;
        var shares = ErrorShares.Of(options);
        _disagreement = new DisagreementGuard(options, shares);
        _faults = new FaultGuard(options, shares);
        _execution = options.ExecutionRatioBudget > 0 ? new ExecutionGuard(options, shares) : null;
        _labels = new LabelGuard(options, shares);
        _slices = new SliceVerdicts(options);
    }

    public long Pairs => _disagreement.Pairs;

    public long ControlPairs => _disagreement.ControlPairs;

    /// <summary>As of the last <see cref="Decide"/>, but for a FAIL, which shows at once.</summary>
    public Verdict Verdict => _decision.Verdict;

    /// <summary>Share of the next pairs that should get a control copy: 1 until the noise is known and while it stands between a suspicion and a FAIL.</summary>
    /// <remarks>
    /// A lane that gives fewer is still right, only later: a FAIL at 5 % flips takes some 250 control pairs. Compare it with a hash of the
    /// request, so that the choice does not depend on the answers.
    /// </remarks>
    public double ControlShare =>
        _options.ControlShare == 0 ? 0 : ControlPairs < _options.MinimumControlPairs || _disagreement.IsSuspect || _slices.HasSuspect ? 1 : _options.ControlShare;

    /// <summary>One compared pair.</summary>
    /// <param name="disagrees"><see cref="PairComparison.Disagrees"/>.</param>
    /// <param name="faulted">The candidate failed, or <see cref="PairComparison.Faults"/> is not none. Counts as a disagreement too.</param>
    /// <param name="slice">Index from a <see cref="SliceTable"/>, or -1 for none.</param>
    public void Observe(bool disagrees, bool faulted, int slice = -1)
    {
        disagrees |= faulted;
        _disagreement.Observe(disagrees);
        _faults.Observe(faulted);
        if (slice >= 0) _slices.Observe(slice, disagrees);
        FailWithGuard();
    }

    /// <summary>What the control copy of a request showed, whose pair was observed before.</summary>
    /// <param name="candidateDisagrees">As it was observed for that pair, faults included.</param>
    /// <param name="controlDisagrees">The same comparison between the primary and its copy.</param>
    /// <param name="slice">As of that pair.</param>
    public void ObserveControl(bool candidateDisagrees, bool controlDisagrees, int slice = -1)
    {
        _disagreement.ObserveControl(candidateDisagrees, controlDisagrees);
        if (slice >= 0) _slices.ObserveControl(slice, candidateDisagrees, controlDisagrees);
        FailWithGuard();
    }

    /// <summary>Execution times per row at equal batch shape, in one unit. Once per candidate batch: the members of a batch share their time.</summary>
    /// <returns>False when either is not a positive number; then nothing was counted.</returns>
    public bool ObserveExecution(double primary, double candidate)
    {
        if (!(primary > 0 && candidate > 0 && double.IsFinite(primary) && double.IsFinite(candidate))) return false;
        _execution?.Observe(candidate / primary, Pairs);
        FailWithGuard();
        return true;
    }

    /// <summary>A label arrived for a request whose pair was observed.</summary>
    public void ObserveLabel(bool primaryRight, bool candidateRight)
    {
        _labels.Observe(primaryRight, candidateRight, Pairs);
        FailWithGuard();
    }

    /// <summary>The verdict now; may be asked after every pair.</summary>
    public Verdict Decide(in VerdictConditions conditions)
    {
        if (Verdict == Verdict.Undecided && PendingFor(conditions) == Pending.None) _decision.Pass(Pairs);
        return Verdict;
    }

    /// <summary>The verdict now, with what led to it.</summary>
    public VerdictSnapshot Snapshot(in VerdictConditions conditions)
    {
        Decide(conditions);
        List<GuardReading> guards = [_disagreement.Read(), _faults.Read()];
        if (_execution is not null) guards.Add(_execution.Read());
        guards.Add(_labels.Read());
        return new VerdictSnapshot
        {
            Verdict = Verdict,
            DecidedAt = _decision.DecidedAt,
            FailedGuard = guards.Where(static guard => guard.Verdict == Verdict.Fail).MinBy(static guard => guard.DecidedAt)?.Guard,
            Pending = Verdict == Verdict.Undecided ? PendingFor(conditions) : Pending.None,
            Pairs = Pairs,
            Disagreements = _disagreement.Disagreements,
            Faults = _faults.Faults,
            Coverage = Coverage(conditions),
            Guards = [.. guards],
            Noise = _disagreement.ReadNoise(),
            Slices = _slices.Read(),
        };
    }

    private void FailWithGuard()
    {
        if (_disagreement.Verdict == Verdict.Fail || _faults.Verdict == Verdict.Fail || _execution?.Verdict == Verdict.Fail || _labels.Verdict == Verdict.Fail)
            _decision.Fail(Pairs);
    }

    private Pending PendingFor(in VerdictConditions conditions)
    {
        var pending = Pending.None;
        if (Pairs < _options.MinimumPairs) pending |= Pending.Pairs;
        if (conditions.Elapsed < _options.MinimumTime) pending |= Pending.Time;
        if (!conditions.UnbiasedSample && Coverage(conditions) < _options.MinimumCoverage) pending |= Pending.Coverage;
        if (_disagreement.Verdict != Verdict.Pass) pending |= Pending.Disagreement;
        if (_disagreement.IsSuspect) pending |= Pending.ControlPairs;
        if (_faults.Verdict != Verdict.Pass) pending |= Pending.Faults;
        if (_execution is { Verdict: not Verdict.Pass }) pending |= Pending.ExecutionTime;
        return pending;
    }

    private double Coverage(in VerdictConditions conditions) => conditions.Eligible <= 0 ? 1 : Math.Min(1, (double)Pairs / conditions.Eligible);
}
