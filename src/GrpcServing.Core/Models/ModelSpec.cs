using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>What requests to one model version must look like. Immutable; made from the graph and the configuration at load.</summary>
public sealed record ModelSpec
{
    public required string Name { get; init; }

    public required long Version { get; init; }

    public required ImmutableArray<TensorSpec> Inputs { get; init; }

    public required ImmutableArray<TensorSpec> Outputs { get; init; }

    /// <summary>Most rows of one batch and so of one request; 0 when the model has no batch axis and every request runs alone.</summary>
    public required int MaxBatchSize { get; init; }

    /// <summary>By name of an open dimension, the sizes that it is padded to, ascending; empty when requests run as they are.</summary>
    public ImmutableDictionary<string, ImmutableArray<long>> Padding { get; init; } = ImmutableDictionary<string, ImmutableArray<long>>.Empty;

    /// <param name="configuration">Complete, as <c>ConfigurationReader</c> gives it for this version's graph.</param>
    public static ModelSpec Create(string name, long version, ModelConfiguration configuration) => new()
    {
        Name = name,
        Version = version,
        Inputs = configuration.Inputs,
        Outputs = configuration.Outputs,
        MaxBatchSize = configuration.MaxBatchSize,
        Padding = configuration.Batching.Padding,
    };

    /// <summary>True when the first dimension of every tensor counts rows.</summary>
    public bool HasBatchAxis => MaxBatchSize > 0;

    /// <summary>Index into <see cref="Inputs"/>, or -1.</summary>
    public int FindInput(ReadOnlySpan<char> name) => Find(Inputs, name);

    /// <summary>Index into <see cref="Outputs"/>, or -1.</summary>
    public int FindOutput(ReadOnlySpan<char> name) => Find(Outputs, name);

    private static int Find(ImmutableArray<TensorSpec> tensors, ReadOnlySpan<char> name)
    {
        for (var i = 0; i < tensors.Length; i++)
            if (name.SequenceEqual(tensors[i].Name)) return i;
        return -1;
    }
}
