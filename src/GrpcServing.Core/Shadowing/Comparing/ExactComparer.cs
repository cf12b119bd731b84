using GrpcServing.Models;

namespace GrpcServing.Shadowing;

/// <summary>Compares bytes.</summary>
/// <param name="kind">What the comparison is reported as.</param>
internal sealed class ExactComparer(OutputKind kind) : OutputComparer
{
    public override void Compare(in OutputPair pair, PairComparison rows, OutputComparison metrics, ComparisonScratch scratch)
    {
        metrics.Kind = kind;
        metrics.Rows = pair.Rows;
        if (pair.Primary.SequenceEqual(pair.Candidate)) return;

        var primary = pair.Primary;
        var candidate = pair.Candidate;
        for (var row = 0; row < pair.Rows; row++)
        {
            var agrees = true;
            if (pair.DataType == TensorDataType.Bytes)
                for (var i = 0; i < pair.ElementsPerRow; i++) agrees &= Elements.TakeBytes(ref primary).SequenceEqual(Elements.TakeBytes(ref candidate));
            else agrees = pair.PrimaryRow(row).SequenceEqual(pair.CandidateRow(row));
            if (agrees) continue;
            metrics.RowsDisagreeing++;
            rows.Disagree(row);
        }
    }
}
