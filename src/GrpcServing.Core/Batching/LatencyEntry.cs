namespace GrpcServing.Batching;

/// <summary>One measured batch size, for statistics. Times in ticks of the lane's clock.</summary>
/// <param name="Runs">Batches of this size that ran.</param>
/// <param name="MeasuredTicks">Quantile of its own last runs.</param>
/// <param name="PlannedTicks">What the scheduler plans with: never more than a larger batch takes.</param>
/// <param name="PaddedRows">Rows that are run for this many.</param>
public readonly record struct LatencyEntry(int BucketId, int Rows, long Runs, long MeasuredTicks, long PlannedTicks, int PaddedRows);
