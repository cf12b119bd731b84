using GrpcServing.Batching;

namespace GrpcServing.Simulator;

/// <summary>The profile itself, for the baselines: they are given the truth.</summary>
internal sealed class ProfileTable(Profile profile) : LatencyTable
{
    public override int MaxRows => profile.MaxRows;

    public override long Estimate(int bucketId, int rows) => profile.Ticks(rows);

    public override int PaddedRows(int bucketId, int rows) => profile.PaddedRows(rows);

    public override void Observe(int bucketId, int rows, long ticks, long cost)
    {
    }
}
