using System.Numerics.Tensors;

namespace GrpcServing.Shadowing;

/// <summary>Compares scores over classes: which is best, and how far the probabilities are apart.</summary>
/// <remarks>
/// <para>Scores come as probabilities or as logits, and the two sides need not be alike. Each side that is a distribution is taken as it is;
/// where neither is and all scores are in [0, 1], they are independent probabilities and taken as they are, though the divergence needs
/// them to sum to 1; every other side goes through softmax. The best class is that of the scores themselves, the first of equal ones.</para>
/// <para>One score per row is the probability (or the logit) of class 1 of two.</para>
/// </remarks>
internal sealed class ClassScoreComparer(int output, ComparatorOptions options) : NumericComparer(OutputKind.ClassScores)
{
    /// <summary>Stands for 0 under a logarithm that is then multiplied by 0.</summary>
    private const double Tiny = 1e-300;

    protected override bool RowAgrees(in OutputPair pair, int row, Span<double> primary, Span<double> candidate, PairComparison rows, OutputComparison metrics, ComparisonScratch scratch)
    {
        var claimed = pair.VectorLength == pair.ElementsPerRow && rows.ClaimClasses(output);
        var agrees = true;
        for (var at = 0; at < primary.Length; at += pair.VectorLength)
        {
            var one = primary.Slice(at, pair.VectorLength);
            var other = candidate.Slice(at, pair.VectorLength);
            var (primaryClass, candidateClass, tied) = pair.VectorLength == 1
                ? CompareBinary(one[0], other[0], metrics, scratch)
                : CompareVector(pair, one, other, metrics, scratch);
            if (claimed) rows.SetClasses(row, primaryClass, candidateClass);
            if (primaryClass == candidateClass) continue;
            metrics.Flips++;
            if (tied) metrics.TiedFlips++;
            agrees &= tied && options.TiesAgree;
        }
        return agrees;
    }

    private (int Primary, int Candidate, bool Tied) CompareVector(in OutputPair pair, Span<double> primary, Span<double> candidate, OutputComparison metrics, ComparisonScratch scratch)
    {
        var best = TensorPrimitives.IndexOfMax<double>(primary);
        if (primary.SequenceEqual(candidate))
        {
            metrics.TopKOverlap.Add(1);
            metrics.ProbabilityDifference.Add(0);
            metrics.JensenShannon.Add(0);
            return (best, best, false);
        }

        var candidateBest = TensorPrimitives.IndexOfMax<double>(candidate);
        metrics.TopKOverlap.Add(TopK.Overlap(primary, candidate, Math.Min(options.TopK, primary.Length), scratch));

        var primaryIs = OutputKindRule.IsDistribution(primary, pair.DataType);
        var candidateIs = OutputKindRule.IsDistribution(candidate, pair.DataType);
        var independent = !primaryIs && !candidateIs && AreProbabilities(primary) && AreProbabilities(candidate);
        if (!primaryIs && !independent) SoftMax(primary);
        if (!candidateIs && !independent) SoftMax(candidate);
        var tied = best != candidateBest && Margin(primary, best) < options.MarginTie;
        AddDistances(primary, candidate, metrics, scratch);
        return (best, candidateBest, tied);
    }

    private (int Primary, int Candidate, bool Tied) CompareBinary(double primary, double candidate, OutputComparison metrics, ComparisonScratch scratch)
    {
        if (primary is < 0 or > 1 || candidate is < 0 or > 1) (primary, candidate) = (Sigmoid(primary), Sigmoid(candidate));
        Span<double> one = [1 - primary, primary];
        Span<double> other = [1 - candidate, candidate];
        metrics.TopKOverlap.Add(1);
        AddDistances(one, other, metrics, scratch);
        var tied = Math.Abs(primary - options.BinaryThreshold) * 2 < options.MarginTie;
        return (primary >= options.BinaryThreshold ? 1 : 0, candidate >= options.BinaryThreshold ? 1 : 0, tied);
    }

    /// <summary>Adds max |dp| and <c>JS = (sum p log2(p/m) + sum q log2(q/m)) / 2</c>, m = (p + q) / 2.</summary>
    private static void AddDistances(Span<double> p, Span<double> q, OutputComparison metrics, ComparisonScratch scratch)
    {
        var middle = scratch.Work(0, p.Length);
        TensorPrimitives.Subtract(p, q, middle);
        metrics.ProbabilityDifference.Add(Math.Abs(TensorPrimitives.MaxMagnitude<double>(middle)));

        Normalise(p);
        Normalise(q);
        TensorPrimitives.Add(p, q, middle);
        TensorPrimitives.Multiply(middle, .5, middle);
        TensorPrimitives.Max(middle, Tiny, middle);
        var ratio = scratch.Work(1, p.Length);
        metrics.JensenShannon.Add(Math.Clamp((Relative(p, middle, ratio) + Relative(q, middle, ratio)) / 2, 0, 1));
    }

    private static double Relative(ReadOnlySpan<double> p, ReadOnlySpan<double> middle, Span<double> ratio)
    {
        TensorPrimitives.Divide(p, middle, ratio);
        TensorPrimitives.Max(ratio, Tiny, ratio);
        TensorPrimitives.Log2(ratio, ratio);
        return TensorPrimitives.Dot(p, ratio);
    }

    private static void Normalise(Span<double> p)
    {
        var sum = TensorPrimitives.Sum<double>(p);
        if (sum > 0) TensorPrimitives.Divide(p, sum, p);
    }

    /// <summary>Largest subtracted first: logits of 1000 would overflow.</summary>
    private static void SoftMax(Span<double> scores)
    {
        TensorPrimitives.Subtract(scores, TensorPrimitives.Max<double>(scores), scores);
        TensorPrimitives.Exp(scores, scores);
        TensorPrimitives.Divide(scores, TensorPrimitives.Sum<double>(scores), scores);
    }

    private static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));

    private static bool AreProbabilities(ReadOnlySpan<double> scores) => TensorPrimitives.Min(scores) >= 0 && TensorPrimitives.Max(scores) <= 1;

    /// <summary>From the best class's probability to the next.</summary>
    private static double Margin(ReadOnlySpan<double> probabilities, int best)
    {
        var second = double.NegativeInfinity;
        for (var i = 0; i < probabilities.Length; i++)
            if (i != best && probabilities[i] > second) second = probabilities[i];
        return probabilities[best] - second;
    }
}
