using System.Collections.Immutable;

namespace GrpcServing.Shadowing;

internal enum ShadowState
{
    Running,
    /// <summary>Copies less than asked, because the primary suffers.</summary>
    Throttled,
    /// <summary>The candidate failed too often; a copy is tried now and then.</summary>
    BreakerOpen,
    Stopped,
    /// <summary>It ended by itself, when its time was up.</summary>
    Expired,
}

/// <summary>Where a shadow stands: a copy, taken at one instant, whose counts add up.</summary>
/// <remarks>Eligible = compared + all drops + waiting + not chosen, always.</remarks>
internal sealed record ShadowReading
{
    public required ShadowState State { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Null while it runs.</summary>
    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>The verdict with its guards, slices and noise.</summary>
    public required VerdictSnapshot Verdict { get; init; }

    /// <summary>Why the verdict is what it is, in a sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>Pairs compared.</summary>
    public long Compared => Agreeing + Disagreeing + CandidateErrors + PrimaryErrors;

    /// <summary>Pairs whose answers were the same for their comparator.</summary>
    public required long Agreeing { get; init; }

    /// <summary>Pairs that answered otherwise, without a fault of either side.</summary>
    public required long Disagreeing { get; init; }

    /// <summary>Pairs where the candidate failed or its answer cannot be used: NaN, another shape, a missing output.</summary>
    public required long CandidateErrors { get; init; }

    /// <summary>Pairs where the primary had failed; they disagree unless the candidate failed too.</summary>
    public required long PrimaryErrors { get; init; }

    /// <summary>Pairs that the primary ran again.</summary>
    public required long ControlPairs { get; init; }

    /// <summary>Of those, where the primary disagreed with itself.</summary>
    public required long ControlDisagreements { get; init; }

    /// <summary>Requests that the shadow might have copied.</summary>
    public long Eligible => NotChosen + Dropped.Sum() + Waiting + Compared;

    public required long NotChosen { get; init; }

    /// <summary>Requests that were copied.</summary>
    public required long Mirrored { get; init; }

    /// <summary>By <see cref="Batching.CopyDrop"/>.</summary>
    public required ImmutableArray<long> Dropped { get; init; }

    /// <summary>Copied and not yet compared or dropped.</summary>
    public required long Waiting { get; init; }

    /// <summary>Bytes that those hold.</summary>
    public required long WaitingBytes { get; init; }

    /// <summary>Share of the eligible requests copied now.</summary>
    public required double Fraction { get; init; }

    /// <summary>Compared over chosen; 1 before the first.</summary>
    public double Coverage => Verdict.Coverage;

    public GuardReading? Guard(Guard guard) => Verdict.Guards.FirstOrDefault(reading => reading.Guard == guard);
}
