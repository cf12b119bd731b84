using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>Checks the sizes that open dimensions are padded to against the tensors they are about.</summary>
internal static class PaddingCompletion
{
    /// <returns>By name of the dimension, ascending.</returns>
    public static ImmutableDictionary<string, ImmutableArray<long>> Complete(ConfigurationDraft draft, ModelConfiguration configuration, ConfigurationErrors errors)
    {
        var open = configuration.Inputs.SelectMany(Open).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, sizes) in draft.Padding)
        {
            if (configuration.MaxBatchSize == 0) errors.Add(sizes.Where, "needs a batch limit above 0: a request that runs alone need not be padded");
            else if (!open.Contains(name)) errors.Add(sizes.Where, $"is not the name of an open dimension of an input in the graph{NearestName.Hint(name, open)}; named there are {(open.Count == 0 ? "none" : string.Join(", ", open.Order(StringComparer.Ordinal)))}");
            else if (sizes.Value.IsEmpty) errors.Add(sizes.Where, "must hold at least one size");
            foreach (var tensor in configuration.Inputs.Concat(configuration.Outputs).Where(tensor => tensor.DataType == TensorDataType.Bytes && Open(tensor).Contains(name)))
                errors.Add(sizes.Where, $"cannot be padded in '{tensor.Name}': there is no empty element of datatype BYTES that every model takes for none");
        }
        return draft.Padding.ToImmutableDictionary(static entry => entry.Key, static entry => entry.Value.Value);
    }

    private static IEnumerable<string> Open(TensorSpec tensor) => tensor.DimNames.Where((name, axis) => name.Length > 0 && tensor.Dims[axis] == -1);
}
