using System.Numerics.Tensors;
using GrpcServing.Models;

namespace GrpcServing.Shadowing;

/// <summary>Which kind an output is when the configuration does not say.</summary>
/// <remarks>
/// <list type="number">
/// <item>BYTES with one element per row: labels. Other BYTES: text.</item>
/// <item>Integers and booleans with one element per row: labels. Others: exact.</item>
/// <item>Floating point with class labels in its spec, or a name with one of the words prob, score, logit, softmax, class: class scores, unless a row is one number.</item>
/// <item>Floating point with "embed" in its name and more than one element per row: embedding.</item>
/// <item>Floating point with one element per row: regression.</item>
/// <item>Other floating point: judged by the values of each pair. Where every vector of the primary (along the last dimension) is a
/// distribution, not negative and summing to 1, class scores; else regression, since comparing only the largest of several numbers would
/// let a wrong candidate pass.</item>
/// </list>
/// Logits under a name that says nothing ("output") are therefore compared as numbers: configure them as class scores.
/// </remarks>
internal static class OutputKindRule
{
    private static readonly string[] ScoreWords = ["prob", "score", "logit", "softmax", "class"];

    /// <returns>Null for "judge by values".</returns>
    public static OutputKind? Of(TensorSpec spec)
    {
        var single = spec.IsFixed && spec.ElementsPerRow <= 1;
        if (spec.DataType == TensorDataType.Bytes) return single ? OutputKind.Labels : OutputKind.Text;
        if (!IsFloating(spec.DataType)) return single ? OutputKind.Labels : OutputKind.Exact;
        if (single) return OutputKind.Regression;
        if (spec.Labels.Length > 0 || ScoreWords.Any(word => spec.Name.Contains(word, StringComparison.OrdinalIgnoreCase))) return OutputKind.ClassScores;
        if (spec.Name.Contains("embed", StringComparison.OrdinalIgnoreCase)) return OutputKind.Embedding;
        return null;
    }

    /// <summary>Null when this kind can be configured for an output of this datatype, else what can be.</summary>
    public static string? Refusal(OutputKind kind, TensorDataType type) => (kind, type) switch
    {
        (OutputKind.ClassScores or OutputKind.Regression or OutputKind.Embedding or OutputKind.Ranking, TensorDataType.Bytes) => "Labels, Text, Exact or Ignored for a BYTES output",
        (OutputKind.Text, not TensorDataType.Bytes) => $"other than Text for a {type.Name()} output",
        _ => null,
    };

    /// <summary>True for probabilities over classes: not negative, and summing to 1 as well as the datatype can.</summary>
    public static bool IsDistribution(ReadOnlySpan<double> vector, TensorDataType type)
    {
        var tolerance = type is TensorDataType.Fp16 or TensorDataType.Bf16 ? 2e-2 : 1e-3;
        return vector.Length > 1 && TensorPrimitives.Min(vector) >= 0 && Math.Abs(TensorPrimitives.Sum(vector) - 1) <= tolerance;
    }

    private static bool IsFloating(TensorDataType type) => type is TensorDataType.Fp16 or TensorDataType.Bf16 or TensorDataType.Fp32 or TensorDataType.Fp64;
}
