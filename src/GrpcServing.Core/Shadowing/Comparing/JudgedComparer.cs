namespace GrpcServing.Shadowing;

/// <summary>Class scores where the primary's numbers are probabilities over classes, regression where they are not; judged for each pair by itself, so that a replay judges the same.</summary>
internal sealed class JudgedComparer(ClassScoreComparer scores, RegressionComparer numbers) : OutputComparer
{
    public override void Compare(in OutputPair pair, PairComparison rows, OutputComparison metrics, ComparisonScratch scratch)
    {
        if (AreDistributions(pair, scratch)) scores.Compare(pair, rows, metrics, scratch);
        else numbers.Compare(pair, rows, metrics, scratch);
    }

    private static bool AreDistributions(in OutputPair pair, ComparisonScratch scratch)
    {
        var values = scratch.Primary(pair.ElementsPerRow);
        for (var row = 0; row < pair.Rows; row++)
        {
            Elements.Widen(pair.DataType, pair.PrimaryRow(row), values);
            for (var at = 0; at < values.Length; at += pair.VectorLength)
                if (!OutputKindRule.IsDistribution(values.Slice(at, pair.VectorLength), pair.DataType)) return false;
        }
        return true;
    }
}
