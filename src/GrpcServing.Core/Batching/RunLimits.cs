namespace GrpcServing.Batching;

/// <summary>How long a run of copies may take, in ticks of the lane's clock.</summary>
internal sealed record RunLimits(long Least, long Grace)
{
    // Beyond this a run is not slow but stuck.
    private const int Patience = 20;

    /// <summary>At least a second, for a thread of the lowest priority can stand still for long; five more to react to its termination.</summary>
    public static RunLimits Default(long ticksPerSecond) => new(ticksPerSecond, 5 * ticksPerSecond);

    public long For(long plannedTicks) => Math.Max(Least, Patience * plannedTicks);
}
