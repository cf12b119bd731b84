using System.Collections.Immutable;
using GrpcServing.Models;
using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Onnx;

/// <summary>Reads the inputs and outputs that a graph declares.</summary>
internal static class GraphReader
{
    /// <exception cref="ModelLoadException">A tensor of a kind that cannot be served.</exception>
    public static (ImmutableArray<GraphTensor> Inputs, ImmutableArray<GraphTensor> Outputs) Read(InferenceSession session, string modelFile) =>
        ([.. session.InputNames.Select(name => Describe("input", name, session.InputMetadata[name], modelFile))],
         [.. session.OutputNames.Select(name => Describe("output", name, session.OutputMetadata[name], modelFile))]);

    private static GraphTensor Describe(string kind, string name, NodeMetadata node, string modelFile)
    {
        if (node.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR)
            throw new ModelLoadException($"{modelFile}: {kind} '{name}' is a {Kind(node.OnnxValueType)}, and only tensors can be served. Export the model without it (for scikit-learn: zipmap=False).");
        if (!OrtTypes.TryFromOrt(node.ElementDataType, out var type))
            throw new ModelLoadException($"{modelFile}: {kind} '{name}' has element type {node.ElementDataType}, which the Open Inference Protocol has no name for. Add a Cast to the model.");
        return new GraphTensor(name, type, [.. node.Dimensions.Select(static dim => (long)Math.Max(-1, dim))], [.. node.SymbolicDimensions]);
    }

    private static string Kind(OnnxValueType type) => type switch
    {
        OnnxValueType.ONNX_TYPE_SEQUENCE => "sequence",
        OnnxValueType.ONNX_TYPE_MAP => "map",
        OnnxValueType.ONNX_TYPE_SPARSETENSOR => "sparse tensor",
        OnnxValueType.ONNX_TYPE_OPTIONAL => "optional value",
        _ => type.ToString(),
    };
}
