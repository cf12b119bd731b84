using System.Collections.Immutable;
using GrpcServing.Batching;

namespace GrpcServing.Telemetry;

/// <summary>A count of events and the time they took together.</summary>
public readonly record struct DurationTotal(long Count, long Ticks)
{
    public DurationTotal Plus(long ticks, long count = 1) => new(Count + count, Ticks + ticks);

    public DurationTotal Plus(DurationTotal other) => Plus(other.Ticks, other.Count);
}

/// <summary>Executions of one batch size.</summary>
public readonly record struct BatchSizeStatistics(int Rows, DurationTotal Gather, DurationTotal Execute, DurationTotal Scatter)
{
    /// <param name="other">Of the same size.</param>
    public BatchSizeStatistics Plus(BatchSizeStatistics other) => new(Rows, Gather.Plus(other.Gather), Execute.Plus(other.Execute), Scatter.Plus(other.Scatter));
}

/// <summary>The statistics of a version at one instant; they add up among each other.</summary>
public sealed record StatisticsSnapshot
{
    /// <summary>Rows answered.</summary>
    public required long Inferences { get; init; }

    /// <summary>Successful runs of the model.</summary>
    public required long Executions { get; init; }

    /// <summary>Wall clock of the last request in milliseconds since 1970; 0 before the first.</summary>
    public required long LastInferenceUnixMilliseconds { get; init; }

    /// <summary>Requests answered with outputs, arrival to answer.</summary>
    public required DurationTotal Success { get; init; }

    /// <summary>Requests answered with an error, arrival to answer.</summary>
    public required DurationTotal Failure { get; init; }

    /// <summary>Per request: waiting for a batch.</summary>
    public required DurationTotal Queue { get; init; }

    /// <summary>Per request: gathering of its batch.</summary>
    public required DurationTotal Gather { get; init; }

    /// <summary>Per request: the run of its batch.</summary>
    public required DurationTotal Execute { get; init; }

    /// <summary>Per request: scattering of its batch.</summary>
    public required DurationTotal Scatter { get; init; }

    /// <summary>By batch size, ascending.</summary>
    public required ImmutableArray<BatchSizeStatistics> Batches { get; init; }

    /// <summary>Errors by reason; indexed by <see cref="ErrorReason"/>.</summary>
    public required ImmutableArray<long> Failures { get; init; }

    /// <summary>Batches that failed as a whole and were run again in parts.</summary>
    public required long Splits { get; init; }

    /// <summary>Device time for callers who had gone, ticks: runs cut short, and the shares of those who left while a run went on.</summary>
    public required long WastedTicks { get; init; }

    /// <summary>Rows that ran only to fill a batch up.</summary>
    public required long PaddingRows { get; init; }

    /// <summary>Bytes of the input tensors of answered requests.</summary>
    public required long InputBytes { get; init; }

    /// <summary>Bytes of their output tensors.</summary>
    public required long OutputBytes { get; init; }

    /// <summary>Batches started, by why they were; indexed by <see cref="BatchCloseReason"/>.</summary>
    public required ImmutableArray<long> Started { get; init; }

    /// <summary>Requests with a deadline that were answered in time.</summary>
    public required long DeadlinesMet { get; init; }

    /// <summary>Requests with a deadline that were answered late, or refused or given up because of it.</summary>
    public required long DeadlinesMissed { get; init; }

    /// <summary>Planned and actual times of batches.</summary>
    public required LatencyError Plan { get; init; }

    public required LaneDistributionsSnapshot Distributions { get; init; }

    /// <summary>The same lane before and after it was loaded anew.</summary>
    public StatisticsSnapshot Plus(StatisticsSnapshot other) => new()
    {
        Inferences = Inferences + other.Inferences,
        Executions = Executions + other.Executions,
        LastInferenceUnixMilliseconds = Math.Max(LastInferenceUnixMilliseconds, other.LastInferenceUnixMilliseconds),
        Success = Success.Plus(other.Success),
        Failure = Failure.Plus(other.Failure),
        Queue = Queue.Plus(other.Queue),
        Gather = Gather.Plus(other.Gather),
        Execute = Execute.Plus(other.Execute),
        Scatter = Scatter.Plus(other.Scatter),
        Batches = [.. Batches.Concat(other.Batches).GroupBy(static size => size.Rows).OrderBy(static size => size.Key).Select(static size => size.Aggregate(static (left, right) => left.Plus(right)))],
        Failures = Totals.Plus(Failures, other.Failures),
        Splits = Splits + other.Splits,
        WastedTicks = WastedTicks + other.WastedTicks,
        PaddingRows = PaddingRows + other.PaddingRows,
        InputBytes = InputBytes + other.InputBytes,
        OutputBytes = OutputBytes + other.OutputBytes,
        Started = Totals.Plus(Started, other.Started),
        DeadlinesMet = DeadlinesMet + other.DeadlinesMet,
        DeadlinesMissed = DeadlinesMissed + other.DeadlinesMissed,
        Plan = Plan.Plus(other.Plan),
        Distributions = Distributions.Plus(other.Distributions),
    };
}
