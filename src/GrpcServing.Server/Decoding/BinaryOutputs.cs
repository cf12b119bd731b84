namespace GrpcServing.Decoding;

/// <summary>Which outputs a REST caller wants as bytes after the JSON.</summary>
internal sealed class BinaryOutputs
{
    /// <summary>The request's <c>binary_data_output</c>: for outputs that say nothing themselves.</summary>
    public bool? All { get; set; }

    /// <summary>An output's own <c>binary_data</c>.</summary>
    public Dictionary<string, bool> ByName { get; } = new(StringComparer.Ordinal);

    public bool Includes(string output) => ByName.TryGetValue(output, out var binary) ? binary : All ?? false;
}
