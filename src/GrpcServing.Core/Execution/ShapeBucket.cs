namespace GrpcServing.Execution;

/// <summary>The shape of one row of every input. Requests of one bucket, and only those, share a batch.</summary>
/// <remarks>Interned per model version by <see cref="ShapeTable"/>: equal shapes are the same object. Immutable.</remarks>
public sealed class ShapeBucket(int id, long[][] rowDims, long[][] graphRowDims)
{
    /// <summary>Small and dense from 0 within a model version.</summary>
    public int Id { get; } = id;

    /// <summary>Per input: the dimensions a request sends, without the batch axis. Do not change.</summary>
    public long[][] RowDims { get; } = rowDims;

    /// <summary>Per input: the dimensions the graph takes, without the batch axis. Do not change.</summary>
    public long[][] GraphRowDims { get; } = graphRowDims;

    /// <summary>Per input: elements in one row; 0 when a dimension is 0.</summary>
    public long[] RowElements { get; } = Array.ConvertAll(rowDims, static dims => dims.Aggregate(1L, static (product, dim) => checked(product * dim)));
}
