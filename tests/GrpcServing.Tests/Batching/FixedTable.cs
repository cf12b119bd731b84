using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>A profile that never changes: the same for every bucket.</summary>
internal sealed class FixedTable(int maxRows, Func<int, long> ticks) : LatencyTable
{
    public override int MaxRows => maxRows;

    public override long Estimate(int bucketId, int rows) => ticks(rows);

    public override int PaddedRows(int bucketId, int rows) => rows;

    public override void Observe(int bucketId, int rows, long ticks, long cost)
    {
    }
}
