namespace GrpcServing.Batching;

/// <summary>What the run was that answered a request: for comparing two models as time per row at equal batch shape.</summary>
/// <param name="Rows">Rows of all members of the batch.</param>
/// <param name="PaddedRows">Rows that ran, padding included: the shape that two runs must share to be compared.</param>
/// <param name="ExecutionTicks">The model's run alone, without gather and scatter, in ticks of the lane's clock.</param>
/// <param name="CpuTicks">
/// Processor time of the run, in the same ticks; 0 when it is unknown: the run used more than one thread or another device, or the
/// system does not tell. Where it is known it is what to compare, since a shadow's thread waits whenever somebody else needs its core.
/// </param>
public readonly record struct RunMeasure(int Rows, int PaddedRows, long ExecutionTicks, long CpuTicks)
{
    /// <summary>Processor time where it is known, elapsed time otherwise, per row that ran. Compare like with like: see <see cref="CpuTicks"/>.</summary>
    public double TicksPerRow => (double)(CpuTicks > 0 ? CpuTicks : ExecutionTicks) / Math.Max(1, PaddedRows);
}
