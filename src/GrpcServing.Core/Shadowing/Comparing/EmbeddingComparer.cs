using System.Numerics.Tensors;

namespace GrpcServing.Shadowing;

/// <summary>Compares directions: cosine distance of the vectors along the last dimension.</summary>
internal sealed class EmbeddingComparer(ComparatorOptions options) : NumericComparer(OutputKind.Embedding)
{
    protected override bool RowAgrees(in OutputPair pair, int row, Span<double> primary, Span<double> candidate, PairComparison rows, OutputComparison metrics, ComparisonScratch scratch)
    {
        var agrees = true;
        for (var at = 0; at < primary.Length; at += pair.VectorLength)
        {
            var distance = Distance(primary.Slice(at, pair.VectorLength), candidate.Slice(at, pair.VectorLength));
            metrics.CosineDistance.Add(distance);
            agrees &= distance <= options.CosineTolerance;
        }
        return agrees;
    }

    /// <summary>1 - cosine, 0..2; a zero vector has no direction, so it is at distance 1 from all but another one.</summary>
    private static double Distance(ReadOnlySpan<double> primary, ReadOnlySpan<double> candidate)
    {
        if (primary.SequenceEqual(candidate)) return 0;
        var cosine = TensorPrimitives.CosineSimilarity(primary, candidate);
        return double.IsNaN(cosine) ? 1 : Math.Clamp(1 - cosine, 0, 2);
    }
}
