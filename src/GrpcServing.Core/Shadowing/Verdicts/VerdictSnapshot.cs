using System.Collections.Immutable;

namespace GrpcServing.Shadowing;

/// <summary>What the lane knows when it asks for the verdict.</summary>
/// <param name="Elapsed">Since the first pair.</param>
/// <param name="Eligible">Requests that should have become pairs: sampled, answered by the primary, not from a cache.</param>
/// <param name="UnbiasedSample">True when what was not compared was left out by chance alone, not by load.</param>
internal readonly record struct VerdictConditions(TimeSpan Elapsed, long Eligible, bool UnbiasedSample);

/// <summary>The tests that a candidate has to stand.</summary>
internal enum Guard : byte
{
    /// <summary>Share of requests answered otherwise, beyond the primary's own noise.</summary>
    Disagreement,
    /// <summary>Share of requests that the candidate fails.</summary>
    Faults,
    /// <summary>Execution time against the primary's.</summary>
    ExecutionTime,
    /// <summary>Right answers against the primary's, where labels arrive. Cannot hold back PASS, only cause FAIL.</summary>
    Labels,
}

/// <summary>What a PASS still waits for.</summary>
[Flags]
internal enum Pending : ushort
{
    None = 0,
    Pairs = 1,
    Time = 2,
    Coverage = 4,
    Disagreement = 8,
    Faults = 16,
    ExecutionTime = 32,
    /// <summary>More disagreements than the budget allows, but too few control pairs to tell them from the primary's own noise.</summary>
    ControlPairs = 64,
}

/// <summary>Where one guard stands.</summary>
/// <param name="Budget">A rate, or a ratio for <see cref="Guard.ExecutionTime"/>; for <see cref="Guard.Labels"/> 0.5.</param>
/// <param name="Observations">Pairs, or measured executions, or labels on which the two differ.</param>
/// <param name="Estimate">NaN before the first observation.</param>
/// <param name="Lower">Of the confidence sequence at <see cref="VerdictOptions.Alpha"/>: may be read after every pair, for one guard at a time.</param>
/// <param name="LogE">Natural logarithm of the evidence against the budget, either way.</param>
/// <param name="DecidedAt">Pairs seen when it decided; null while undecided.</param>
internal sealed record GuardReading(Guard Guard, Verdict Verdict, double Budget, long Observations, double Estimate, double Lower, double Upper, double LogE, long? DecidedAt);

/// <summary>What the control pairs say.</summary>
/// <param name="Pairs">Pairs with a control copy.</param>
/// <param name="CandidateOnly">Of those, where the candidate disagrees with the primary and the control does not.</param>
/// <param name="ControlOnly">The reverse.</param>
/// <param name="Both">Where both disagree.</param>
/// <param name="ExcessLower">Candidate's rate less the control's, lower end of its confidence sequence at <see cref="VerdictOptions.Alpha"/>.</param>
/// <param name="ExcessUpper">Upper end.</param>
/// <param name="McNemarLogE">Evidence that the two rates differ at all (section 3.2 of the formulas), two-sided.</param>
internal sealed record NoiseReading(long Pairs, long CandidateOnly, long ControlOnly, long Both, double ExcessLower, double ExcessUpper, double McNemarLogE);

/// <summary>Where one slice stands.</summary>
/// <param name="Fail">True for a slice shown to exceed the budget, with the false discovery rate over all slices at <see cref="VerdictOptions.Alpha"/>.</param>
/// <param name="Suspect">The same with noise left in; where control pairs are wanted but few, this comes first.</param>
/// <param name="Lower">At alpha for this slice alone: with many slices look at <paramref name="Fail"/>.</param>
internal sealed record SliceReading(int Slice, long Pairs, long Disagreements, long ControlPairs, long ControlDisagreements, bool Fail, bool Suspect, double Lower, double Upper, double LogE);

/// <summary>The verdict with everything that led to it. A copy: it stays as it is while the lane goes on.</summary>
internal sealed record VerdictSnapshot
{
    public required Verdict Verdict { get; init; }

    /// <summary>Pairs seen when the verdict was reached; null while undecided.</summary>
    public required long? DecidedAt { get; init; }

    /// <summary>The guard that failed first; null without a FAIL.</summary>
    public required Guard? FailedGuard { get; init; }

    public required Pending Pending { get; init; }

    public required long Pairs { get; init; }

    public required long Disagreements { get; init; }

    public required long Faults { get; init; }

    /// <summary>Pairs over eligible requests; 1 when none were eligible.</summary>
    public required double Coverage { get; init; }

    public required ImmutableArray<GuardReading> Guards { get; init; }

    public required NoiseReading Noise { get; init; }

    /// <summary>Slices with at least one pair.</summary>
    public required ImmutableArray<SliceReading> Slices { get; init; }
}
