using GrpcServing.Models;

namespace GrpcServing.Shadowing;

/// <summary>Compares one output of both sides, row by row. One per output of the primary, made with its options.</summary>
internal abstract class OutputComparer
{
    /// <summary>Marks the rows that disagree in <paramref name="rows"/> and adds the metrics to <paramref name="metrics"/>.</summary>
    public abstract void Compare(in OutputPair pair, PairComparison rows, OutputComparison metrics, ComparisonScratch scratch);

    /// <param name="output">Index of the output in the primary's spec.</param>
    /// <param name="options">Of this output; a kind that its datatype does not have is an <see cref="ArgumentException"/>.</param>
    /// <param name="names">Gives numbers to labels that are text.</param>
    public static OutputComparer For(TensorSpec spec, int output, ComparatorOptions options, ClassNames names)
    {
        var kind = options.Kind ?? OutputKindRule.Of(spec);
        if (kind is { } chosen && OutputKindRule.Refusal(chosen, spec.DataType) is { } allowed)
            throw new ArgumentException($"Kind ({chosen}) of output {spec.Name} must be {allowed}", nameof(options));
        return kind switch
        {
            OutputKind.ClassScores => new ClassScoreComparer(output, options),
            OutputKind.Labels => new LabelComparer(output, names),
            OutputKind.Regression => new RegressionComparer(options),
            OutputKind.Embedding => new EmbeddingComparer(options),
            OutputKind.Ranking => new RankingComparer(options),
            OutputKind.Text => new TextComparer(),
            OutputKind.Exact => new ExactComparer(OutputKind.Exact),
            OutputKind.Ignored => new IgnoredComparer(),
            _ => new JudgedComparer(new ClassScoreComparer(output, options), new RegressionComparer(options)),
        };
    }

    private sealed class IgnoredComparer : OutputComparer
    {
        public override void Compare(in OutputPair pair, PairComparison rows, OutputComparison metrics, ComparisonScratch scratch)
        {
            metrics.Kind = OutputKind.Ignored;
            metrics.Rows = pair.Rows;
        }
    }
}
