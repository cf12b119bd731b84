using GrpcServing.Models;

namespace GrpcServing.Shadowing;

/// <summary>Compares orders. Floating point is a score per item; integers are the items themselves, best first.</summary>
/// <remarks>
/// Of equal scores the item with the lower index comes first. NDCG takes the primary's order as gold: its k best items are worth k, k-1,
/// ... 1, all others nothing, discounted by log2(position + 1) from position 1. Rows with several vectors compare each.
/// </remarks>
internal sealed class RankingComparer : NumericComparer
{
    private readonly ComparatorOptions _options;
    private readonly Comparison<int> _byScore;
    private double[] _scores = [];

    public RankingComparer(ComparatorOptions options) : base(OutputKind.Ranking)
    {
        _options = options;
        _byScore = (left, right) => _scores[left] != _scores[right] ? _scores[right].CompareTo(_scores[left]) : left.CompareTo(right);
    }

    protected override bool RowAgrees(in OutputPair pair, int row, Span<double> primary, Span<double> candidate, PairComparison rows, OutputComparison metrics, ComparisonScratch scratch)
    {
        var agrees = true;
        for (var at = 0; at < primary.Length; at += pair.VectorLength)
        {
            var one = primary.Slice(at, pair.VectorLength);
            var other = candidate.Slice(at, pair.VectorLength);
            agrees &= pair.DataType is TensorDataType.Fp16 or TensorDataType.Bf16 or TensorDataType.Fp32 or TensorDataType.Fp64
                ? CompareScores(one, other, metrics, scratch)
                : CompareItems(one, other, metrics, scratch);
        }
        return agrees;
    }

    private bool CompareScores(Span<double> primary, Span<double> candidate, OutputComparison metrics, ComparisonScratch scratch)
    {
        var order = scratch.Indexes(0, primary.Length);
        var candidateOrder = scratch.Indexes(1, primary.Length);
        Order(primary, order);
        Order(candidate, candidateOrder);
        // Where the candidate puts each item, so that items can be walked in the primary's order.
        var position = scratch.Indexes(2, primary.Length);
        for (var i = 0; i < candidateOrder.Length; i++) position[candidateOrder[i]] = i;

        var gains = scratch.Work(2, Math.Min(_options.RankingDepth, primary.Length));
        gains.Clear();
        for (var rank = 0; rank < gains.Length; rank++)
            if (position[order[rank]] is var at && at < gains.Length) gains[at] = gains.Length - rank;
        metrics.KendallTau.Add(KendallTau.Of(primary, candidate, order, scratch));
        return Judge(gains, metrics);
    }

    private bool CompareItems(Span<double> primary, Span<double> candidate, OutputComparison metrics, ComparisonScratch scratch)
    {
        var positions = scratch.Positions;
        positions.Clear();
        for (var i = 0; i < candidate.Length; i++) positions.TryAdd((long)candidate[i], i);

        var gains = scratch.Work(2, Math.Min(_options.RankingDepth, primary.Length));
        gains.Clear();
        var shared = 0;
        for (var rank = 0; rank < primary.Length; rank++)
        {
            if (!positions.Remove((long)primary[rank], out var at)) continue;
            if (rank < gains.Length && at < gains.Length) gains[at] = gains.Length - rank;
            // Both sides' places of the shared items, higher for better, as if they were scores.
            (primary[shared], candidate[shared]) = (-rank, -at);
            shared++;
        }
        var order = scratch.Indexes(0, shared);
        for (var i = 0; i < shared; i++) order[i] = i;
        metrics.KendallTau.Add(KendallTau.Of(primary[..shared], candidate[..shared], order, scratch));
        return Judge(gains, metrics);
    }

    /// <param name="gains">By place in the candidate's top: what the primary thinks the item is worth, 0 when it is not in the primary's top.</param>
    private bool Judge(ReadOnlySpan<double> gains, OutputComparison metrics)
    {
        var (shared, gained, most) = (0, 0.0, 0.0);
        for (var i = 0; i < gains.Length; i++)
        {
            if (gains[i] > 0) shared++;
            gained += gains[i] / Math.Log2(i + 2);
            most += (gains.Length - i) / Math.Log2(i + 2);
        }
        metrics.RankingOverlap.Add((double)shared / gains.Length);
        metrics.Ndcg.Add(gained / most);
        return shared >= _options.RankingOverlap * gains.Length - 1e-9;
    }

    private void Order(ReadOnlySpan<double> scores, Span<int> order)
    {
        if (_scores.Length < scores.Length) _scores = new double[Math.Max(scores.Length, 2 * _scores.Length)];
        scores.CopyTo(_scores);
        for (var i = 0; i < order.Length; i++) order[i] = i;
        order.Sort(_byScore);
    }
}
