using System.Numerics.Tensors;

namespace GrpcServing.Shadowing;

/// <summary>Compares numbers: each within <c>atol + rtol * |primary|</c>.</summary>
internal sealed class RegressionComparer(ComparatorOptions options) : NumericComparer(OutputKind.Regression)
{
    protected override bool RowAgrees(in OutputPair pair, int row, Span<double> primary, Span<double> candidate, PairComparison rows, OutputComparison metrics, ComparisonScratch scratch)
    {
        var delta = candidate;
        TensorPrimitives.Subtract(candidate, primary, delta);
        metrics.SignedDelta.Add(new MetricSummary
        {
            Count = delta.Length,
            Sum = TensorPrimitives.Sum<double>(delta),
            Least = TensorPrimitives.Min<double>(delta),
            Most = TensorPrimitives.Max<double>(delta),
        });
        for (var i = 0; i < delta.Length; i++)
            if (Math.Abs(delta[i]) > options.AbsoluteTolerance + options.RelativeTolerance * Math.Abs(primary[i])) return false;
        return true;
    }
}
