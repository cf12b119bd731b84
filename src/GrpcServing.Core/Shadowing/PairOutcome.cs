namespace GrpcServing.Shadowing;

/// <summary>What a pair showed.</summary>
internal enum PairOutcome
{
    /// <summary>The answers were the same for their comparator.</summary>
    Agree,
    /// <summary>They were not, without a fault of either side.</summary>
    Disagree,
    /// <summary>The candidate failed or its answer cannot be used.</summary>
    CandidateError,
    /// <summary>The primary had failed.</summary>
    PrimaryError,
}

/// <summary>The words for <see cref="PairOutcome"/> that operators see.</summary>
internal static class PairOutcomes
{
    public static int Count { get; } = Enum.GetValues<PairOutcome>().Length;

    /// <summary>As in metrics and spans.</summary>
    public static string Label(PairOutcome outcome) => outcome switch
    {
        PairOutcome.Agree => "agree",
        PairOutcome.Disagree => "disagree",
        PairOutcome.CandidateError => "candidate_error",
        PairOutcome.PrimaryError => "primary_error",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "Every outcome has a label."),
    };
}
