namespace GrpcServing.Shadowing;

/// <summary>What a candidate must show, and with how much certainty.</summary>
/// <remarks>Immutable; part of what a report states. A budget is the rate that a candidate must be shown to keep below.</remarks>
internal sealed record VerdictOptions
{
    /// <value>Probability that a verdict is ever wrong, both ways and over all guards together; 1e-9..0.5, default 0.05.</value>
    public double Alpha { get; init; } = .05;

    /// <value>Share of requests that the candidate may answer otherwise, beyond what the primary's own copy does; 1e-6..0.5, default 0.01.</value>
    public double DisagreementBudget { get; init; } = .01;

    /// <value>Share of requests that the candidate may fail or answer with NaN, a missing output, another type or shape; FAIL once it is shown to be more. 1e-6..0.5, default 0.001.</value>
    public double FaultBudget { get; init; } = .001;

    /// <value>
    /// Share of faults that PASS must rule out, at least <see cref="FaultBudget"/>; default 0.01. Ruling out 0.1 % takes 4,742 requests
    /// without one, ruling out 1 % takes 473: set it to <see cref="FaultBudget"/> for the strict rule.
    /// </value>
    public double FaultCeiling { get; init; } = .01;

    /// <value>Candidate's execution time over the primary's, per row at equal batch shape, as a geometric mean; above 0.25 and below 4, default 1.10. 0 means that time is no guard, as in a replay.</value>
    public double ExecutionRatioBudget { get; init; } = 1.10;

    /// <value>Pairs before PASS, at least 1; default 300. FAIL does not wait.</value>
    public long MinimumPairs { get; init; } = 300;

    /// <value>Time before PASS, at least one cycle of the traffic; default 24 hours.</value>
    public TimeSpan MinimumTime { get; init; } = TimeSpan.FromHours(24);

    /// <value>Share of the eligible requests that must have been compared before PASS, unless the sample is unbiased; 0..1, default 0.95.</value>
    public double MinimumCoverage { get; init; } = .95;

    /// <value>
    /// Share of pairs that get a control copy once the noise is known; 0..1, default 0.05. 0 means that there is no control: what the
    /// primary disagrees with itself then counts against the candidate. See <see cref="ShadowVerdict.ControlShare"/>.
    /// </value>
    public double ControlShare { get; init; } = .05;

    /// <value>Control pairs wanted first, while every pair gets one; default 300.</value>
    public long MinimumControlPairs { get; init; } = 300;

    /// <value>Most slices told apart, 1..1000; default 64. Later ones count together as "other".</value>
    public int MaxSlices { get; init; } = 64;

    /// <summary>Every setting outside its range, each as <c>X (value) must be ...</c>; empty when all are fine.</summary>
    public IEnumerable<string> Failures()
    {
        if (!(Alpha is >= 1e-9 and <= .5)) yield return $"Alpha ({Alpha}) must be 1e-9..0.5";
        if (!(DisagreementBudget is >= 1e-6 and <= .5)) yield return $"DisagreementBudget ({DisagreementBudget}) must be 1e-6..0.5";
        if (!(FaultBudget is >= 1e-6 and <= .5)) yield return $"FaultBudget ({FaultBudget}) must be 1e-6..0.5";
        if (!(FaultCeiling >= FaultBudget && FaultCeiling <= .5)) yield return $"FaultCeiling ({FaultCeiling}) must be FaultBudget ({FaultBudget})..0.5";
        if (!(ExecutionRatioBudget is 0 or (> .25 and < 4))) yield return $"ExecutionRatioBudget ({ExecutionRatioBudget}) must be 0, or between 0.25 and 4";
        if (MinimumPairs < 1) yield return $"MinimumPairs ({MinimumPairs}) must be at least 1";
        if (MinimumTime < TimeSpan.Zero) yield return $"MinimumTime ({MinimumTime}) must not be negative";
        if (!(MinimumCoverage is >= 0 and <= 1)) yield return $"MinimumCoverage ({MinimumCoverage}) must be 0..1";
        if (!(ControlShare is >= 0 and <= 1)) yield return $"ControlShare ({ControlShare}) must be 0..1";
        if (MinimumControlPairs < 0) yield return $"MinimumControlPairs ({MinimumControlPairs}) must not be negative";
        if (MaxSlices is < 1 or > 1000) yield return $"MaxSlices ({MaxSlices}) must be 1..1000";
    }
}
