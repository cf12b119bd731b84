using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>One input or output of a model, as a request names it.</summary>
/// <remarks>Immutable. Dimensions are never negative but for -1, which takes any size.</remarks>
public sealed record TensorSpec
{
    public required string Name { get; init; }

    public required TensorDataType DataType { get; init; }

    /// <summary>What a request sends, without the batch axis where the model has one.</summary>
    public required ImmutableArray<long> Dims { get; init; }

    /// <summary>
    /// What the graph takes, without the batch axis. Differs from <see cref="Dims"/> only by a configured reshape; then both hold the
    /// same number of elements, and their -1 dimensions correspond in order.
    /// </summary>
    public required ImmutableArray<long> GraphDims { get; init; }

    /// <summary>The graph's names of <see cref="Dims"/>, "" for one without; empty where a reshape makes them others.</summary>
    public ImmutableArray<string> DimNames { get; init; } = [];

    /// <summary>Class labels of an output by index, for the classification extension; empty when the model has none.</summary>
    public ImmutableArray<string> Labels { get; init; } = [];

    /// <summary>File that the labels came from, relative to the model directory; "" for none. Echoed by ModelConfig.</summary>
    public string LabelFile { get; init; } = "";

    /// <summary>Which dimensions of an image are which, as configured. A word for clients; it changes nothing here.</summary>
    public ImageFormat Format { get; init; }

    /// <summary>True when no dimension is -1: every row then holds <see cref="ElementsPerRow"/> elements.</summary>
    public bool IsFixed => !Dims.Contains(-1);

    /// <summary>Product of <see cref="Dims"/>; meaningful only when <see cref="IsFixed"/>. A scalar holds one element.</summary>
    public long ElementsPerRow => Dims.Aggregate(1L, static (product, dim) => checked(product * dim));
}
