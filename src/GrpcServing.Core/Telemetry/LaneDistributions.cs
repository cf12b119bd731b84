using System.Collections.Immutable;

namespace GrpcServing.Telemetry;

/// <summary>The histograms of one lane. The lock of its owner, <see cref="VersionStatistics"/>, guards it.</summary>
internal sealed class LaneDistributions
{
    private readonly Distribution?[] _requests = new Distribution?[Enum.GetValues<ErrorReason>().Length];
    private readonly Distribution?[] _executions = new Distribution?[SizeClass.Labels.Length];

    public Distribution Queue { get; } = new(Buckets.Seconds);

    public Distribution BatchWait { get; } = new(Buckets.Seconds);

    public Distribution BatchRows { get; } = new(Buckets.Rows);

    public Distribution PlanRatio { get; } = new(Buckets.PlanRatio);

    public Distribution Requests(ErrorReason outcome) => _requests[(int)outcome] ??= new Distribution(Buckets.Seconds);

    /// <param name="rows">Rows that ran, padding included.</param>
    public Distribution Executions(int rows) => _executions[SizeClass.Of(rows)] ??= new Distribution(Buckets.Seconds);

    public LaneDistributionsSnapshot Snapshot() => new(
        [.. _requests.Select(static outcome => outcome?.Snapshot())],
        Queue.Snapshot(),
        BatchWait.Snapshot(),
        BatchRows.Snapshot(),
        [.. _executions.Select(static size => size?.Snapshot())],
        PlanRatio.Snapshot());
}

/// <summary>The histograms of one lane at one instant. Seconds but for the last and the rows.</summary>
/// <param name="Requests">Arrival to answer; indexed by <see cref="ErrorReason"/>, null where there was none.</param>
/// <param name="Queue">Arrival to the start of the batch, of requests that were answered.</param>
/// <param name="BatchWait">Arrival of a batch's oldest member to the start of the batch.</param>
/// <param name="BatchRows">Rows of the members of a batch.</param>
/// <param name="Executions">A run on the device, by class of its rows; null where there was none.</param>
/// <param name="PlanRatio">Actual over planned time of batches that had a plan.</param>
public sealed record LaneDistributionsSnapshot(
    ImmutableArray<DistributionSnapshot?> Requests,
    DistributionSnapshot Queue,
    DistributionSnapshot BatchWait,
    DistributionSnapshot BatchRows,
    ImmutableArray<DistributionSnapshot?> Executions,
    DistributionSnapshot PlanRatio)
{
    public LaneDistributionsSnapshot Plus(LaneDistributionsSnapshot other) => new(
        Totals.Plus(Requests, other.Requests),
        Queue.Plus(other.Queue),
        BatchWait.Plus(other.BatchWait),
        BatchRows.Plus(other.BatchRows),
        Totals.Plus(Executions, other.Executions),
        PlanRatio.Plus(other.PlanRatio));
}
