namespace GrpcServing.Shadowing;

/// <summary>What one output showed, over the rows of one pair or, added up, of many pairs.</summary>
/// <remarks>
/// Written by one thread. Metrics that the output's kind does not have stay at zero counts. Class scores with several score vectors
/// per row (one per token, say) count each vector.
/// </remarks>
internal sealed class OutputComparison
{
    /// <summary>As it was judged; of a sum, as it was judged last.</summary>
    public OutputKind Kind;

    public CandidateFaults Faults;

    public long Rows;

    public long RowsDisagreeing;

    /// <summary>Class scores, labels: vectors whose best class differs.</summary>
    public long Flips;

    /// <summary>Class scores: flips where the primary's own two best were closer than the margin.</summary>
    public long TiedFlips;

    /// <summary>Class scores: share of the primary's k best classes among the candidate's k best.</summary>
    public MetricSummary TopKOverlap;

    /// <summary>Class scores: largest difference of any class's probability, per vector.</summary>
    public MetricSummary ProbabilityDifference;

    /// <summary>Class scores: Jensen-Shannon divergence in bits, 0..1, per vector.</summary>
    public MetricSummary JensenShannon;

    /// <summary>Regression: candidate less primary, per element.</summary>
    public MetricSummary SignedDelta;

    /// <summary>Embedding: 1 - cosine, per row.</summary>
    public MetricSummary CosineDistance;

    /// <summary>Ranking: Kendall's tau-b over the items that both sides rank, per row.</summary>
    public MetricSummary KendallTau;

    /// <summary>Ranking: share of the primary's top items among the candidate's top, per row.</summary>
    public MetricSummary RankingOverlap;

    /// <summary>Ranking: NDCG of the candidate's top with the primary's order as gold, per row.</summary>
    public MetricSummary Ndcg;

    /// <summary>Text: Levenshtein distance over bytes, divided by the longer length, 0..1, per element that differs or not.</summary>
    public MetricSummary EditDistance;

    public void Clear()
    {
        Kind = default;
        Faults = default;
        Rows = RowsDisagreeing = Flips = TiedFlips = 0;
        TopKOverlap = ProbabilityDifference = JensenShannon = SignedDelta = CosineDistance = KendallTau = RankingOverlap = Ndcg = EditDistance = default;
    }

    public void Add(OutputComparison other)
    {
        Kind = other.Kind;
        Faults |= other.Faults;
        Rows += other.Rows;
        RowsDisagreeing += other.RowsDisagreeing;
        Flips += other.Flips;
        TiedFlips += other.TiedFlips;
        TopKOverlap.Add(other.TopKOverlap);
        ProbabilityDifference.Add(other.ProbabilityDifference);
        JensenShannon.Add(other.JensenShannon);
        SignedDelta.Add(other.SignedDelta);
        CosineDistance.Add(other.CosineDistance);
        KendallTau.Add(other.KendallTau);
        RankingOverlap.Add(other.RankingOverlap);
        Ndcg.Add(other.Ndcg);
        EditDistance.Add(other.EditDistance);
    }
}
