using System.Numerics.Tensors;

namespace GrpcServing.Shadowing;

/// <summary>What all comparers of numbers share: rows as doubles, and NaN and infinity out of the way.</summary>
internal abstract class NumericComparer(OutputKind kind) : OutputComparer
{
    public sealed override void Compare(in OutputPair pair, PairComparison rows, OutputComparison metrics, ComparisonScratch scratch)
    {
        metrics.Kind = kind;
        metrics.Rows = pair.Rows;
        var primary = scratch.Primary(pair.ElementsPerRow);
        var candidate = scratch.Candidate(pair.ElementsPerRow);
        for (var row = 0; row < pair.Rows; row++)
        {
            Elements.Widen(pair.DataType, pair.PrimaryRow(row), primary);
            Elements.Widen(pair.DataType, pair.CandidateRow(row), candidate);
            var agrees = TensorPrimitives.IsFiniteAll<double>(primary) && TensorPrimitives.IsFiniteAll<double>(candidate)
                ? RowAgrees(pair, row, primary, candidate, rows, metrics, scratch)
                : SameNonFinite(primary, candidate, rows, metrics);
            if (agrees) continue;
            metrics.RowsDisagreeing++;
            rows.Disagree(row);
        }
    }

    /// <summary>Compares one row of finite numbers and adds its metrics.</summary>
    /// <param name="primary">Both rows are working memory, which may be written.</param>
    protected abstract bool RowAgrees(in OutputPair pair, int row, Span<double> primary, Span<double> candidate, PairComparison rows, OutputComparison metrics, ComparisonScratch scratch);

    /// <summary>A row with NaN or infinity agrees only when it holds the same numbers at the same places. It has no metrics and no class.</summary>
    private static bool SameNonFinite(ReadOnlySpan<double> primary, ReadOnlySpan<double> candidate, PairComparison rows, OutputComparison metrics)
    {
        var same = true;
        for (var i = 0; i < primary.Length; i++)
        {
            same &= primary[i].Equals(candidate[i]);
            if (double.IsFinite(candidate[i]) || !double.IsFinite(primary[i])) continue;
            metrics.Faults |= CandidateFaults.NonFinite;
            rows.Fault(CandidateFaults.NonFinite);
        }
        return same;
    }
}
