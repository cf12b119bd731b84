using System.Diagnostics;

namespace GrpcServing.Telemetry;

/// <summary>Which traces are kept. Fixed at start.</summary>
public sealed record TraceSampling
{
    /// <summary>The decision at the head of a trace, from the caller's context and the trace's id. Any thread.</summary>
    public required Func<ActivityContext, ActivityTraceId, bool> Head { get; init; }

    /// <summary>Most traces at once, after a quiet time, of either kind that is limited.</summary>
    public int Burst { get; init; } = 1000;

    /// <summary>Most traces a second that begin here and are kept by the head decision; null = no limit. What the caller samples is always kept.</summary>
    public int? HeadPerSecond { get; init; }

    /// <summary>Most traces a second that are kept for their outcome, although the head decision said no.</summary>
    public int OutcomePerSecond { get; init; } = 1000;

    /// <summary>A request that takes longer is slow; null = beyond the 99th percentile of its model version in the last minute.</summary>
    public TimeSpan? SlowerThan { get; init; }

    /// <summary>Whether the exporter has room for one more trace; when it has none, nothing is written that would be thrown away. Any thread.</summary>
    public Func<bool> HasRoom { get; init; } = static () => true;
}

/// <summary>Why a trace is kept, or why it is not although it should be.</summary>
public enum TraceDecision
{
    /// <summary>Not kept: sampled out, and nothing went wrong.</summary>
    Drop,
    /// <summary>Kept by the head decision.</summary>
    Head,
    /// <summary>Kept because it ended with an error or a refusal.</summary>
    Error,
    /// <summary>Kept because it took long.</summary>
    Slow,
    /// <summary>Not kept: more of its kind than may be kept in a second.</summary>
    OverLimit,
    /// <summary>Not kept: the exporter's queue is full.</summary>
    NoRoom,
}
