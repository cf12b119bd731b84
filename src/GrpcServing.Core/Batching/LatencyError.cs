namespace GrpcServing.Batching;

/// <summary>How the planned times of batches compare with the actual ones.</summary>
/// <param name="Runs">Batches that had a plan.</param>
/// <param name="Overruns">Those that took longer than planned.</param>
/// <param name="PlannedTicks">Sum of the plans.</param>
/// <param name="ActualTicks">Sum of the actual times.</param>
/// <param name="AbsoluteErrorTicks">Sum of the differences, without sign.</param>
public readonly record struct LatencyError(long Runs, long Overruns, long PlannedTicks, long ActualTicks, long AbsoluteErrorTicks)
{
    internal LatencyError With(long planned, long actual) => new(
        Runs + 1,
        Overruns + (actual > planned ? 1 : 0),
        PlannedTicks + planned,
        ActualTicks + actual,
        AbsoluteErrorTicks + Math.Abs(actual - planned));

    internal LatencyError Plus(LatencyError other) => new(
        Runs + other.Runs,
        Overruns + other.Overruns,
        PlannedTicks + other.PlannedTicks,
        ActualTicks + other.ActualTicks,
        AbsoluteErrorTicks + other.AbsoluteErrorTicks);
}
