using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>A profile that never changes: the same for every bucket.</summary>
/// <param name="paddedRows">Null: no batch is padded.</param>
internal sealed class FixedTable(int maxRows, Func<int, long> ticks, Func<int, int>? paddedRows = null) : LatencyTable
{
    public override int MaxRows => maxRows;

    public override long Estimate(int bucketId, int rows) => ticks(rows);

    public override int PaddedRows(int bucketId, int rows) => paddedRows?.Invoke(rows) ?? rows;

    public override void Observe(int bucketId, int rows, long ticks, long cost)
    {
    }
}
