using GrpcServing.Models;

namespace GrpcServing.Shadowing;

/// <summary>One output of both sides: same datatype and shape, each side's bytes known to make it up.</summary>
internal readonly ref struct OutputPair
{
    public required TensorDataType DataType { get; init; }

    /// <summary>The protocol's raw form of all rows.</summary>
    public required ReadOnlySpan<byte> Primary { get; init; }

    public required ReadOnlySpan<byte> Candidate { get; init; }

    /// <summary>At least 1.</summary>
    public required int Rows { get; init; }

    /// <summary>At least 1.</summary>
    public required int ElementsPerRow { get; init; }

    /// <summary>Elements along the last dimension that is not 1: what scores, embeddings and rankings are taken over. Divides <see cref="ElementsPerRow"/>.</summary>
    public required int VectorLength { get; init; }

    public int BytesPerRow => ElementsPerRow * DataType.ElementSize();

    public ReadOnlySpan<byte> PrimaryRow(int row) => Primary.Slice(row * BytesPerRow, BytesPerRow);

    public ReadOnlySpan<byte> CandidateRow(int row) => Candidate.Slice(row * BytesPerRow, BytesPerRow);
}
