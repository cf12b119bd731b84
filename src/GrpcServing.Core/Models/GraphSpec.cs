using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>An input or output as the graph itself declares it.</summary>
/// <param name="Name">The graph's name of the tensor.</param>
/// <param name="DataType">Element type.</param>
/// <param name="Dims">All dimensions, first one included; -1 where the graph leaves it open.</param>
/// <param name="Symbols">For each dimension its symbolic name, or "" where it has none. Same length as <paramref name="Dims"/>.</param>
public sealed record GraphTensor(string Name, TensorDataType DataType, ImmutableArray<long> Dims, ImmutableArray<string> Symbols);

/// <summary>What was read from a model file, before any configuration is applied.</summary>
public sealed record GraphSpec
{
    /// <summary>Inputs in the graph's order.</summary>
    public required ImmutableArray<GraphTensor> Inputs { get; init; }

    /// <summary>Outputs in the graph's order.</summary>
    public required ImmutableArray<GraphTensor> Outputs { get; init; }

    /// <summary>
    /// True when the first dimension of every input and output is open and a probe showed that rows do not influence each other:
    /// the rows of a batch then answer exactly as they would alone.
    /// </summary>
    public required bool RowsAreIndependent { get; init; }
}
