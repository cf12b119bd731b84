using GrpcServing.Models;

namespace GrpcServing.Shadowing;

/// <summary>Compares one class per row, given as a number or as text. Several per row all have to be equal, and have no class for the confusion matrix.</summary>
internal sealed class LabelComparer(int output, ClassNames names) : OutputComparer
{
    private readonly ExactComparer _exact = new(OutputKind.Labels);

    public override void Compare(in OutputPair pair, PairComparison rows, OutputComparison metrics, ComparisonScratch scratch)
    {
        _exact.Compare(pair, rows, metrics, scratch);
        metrics.Flips = metrics.RowsDisagreeing;
        if (pair.ElementsPerRow != 1 || !rows.ClaimClasses(output)) return;

        var primary = pair.Primary;
        var candidate = pair.Candidate;
        for (var row = 0; row < pair.Rows; row++)
            if (pair.DataType == TensorDataType.Bytes) rows.SetClasses(row, names.Number(Elements.TakeBytes(ref primary)), names.Number(Elements.TakeBytes(ref candidate)));
            else rows.SetClasses(row, Class(pair.DataType, pair.PrimaryRow(row)), Class(pair.DataType, pair.CandidateRow(row)));
    }

    /// <summary>The label itself where it is a whole number that an index can hold.</summary>
    private static int Class(TensorDataType type, ReadOnlySpan<byte> raw)
    {
        Span<double> value = stackalloc double[1];
        Elements.Widen(type, raw, value);
        return value[0] is >= 0 and <= int.MaxValue && value[0] == Math.Floor(value[0]) ? (int)value[0] : PairComparison.NoClass;
    }
}
