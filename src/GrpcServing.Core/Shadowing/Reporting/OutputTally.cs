namespace GrpcServing.Shadowing;

/// <summary>What all pairs showed about one output. The shadow's thread only.</summary>
internal sealed class OutputTally(string name)
{
    /// <summary>The words of <see cref="CandidateFaults"/> that concern one output, as reports have them.</summary>
    private static readonly (CandidateFaults Fault, string Label)[] FaultLabels =
    [
        (CandidateFaults.MissingOutput, "missing"),
        (CandidateFaults.DataType, "datatype"),
        (CandidateFaults.Shape, "shape"),
        (CandidateFaults.NonFinite, "not_finite"),
    ];

    private readonly OutputComparison _sum = new();
    private readonly long[] _faults = new long[FaultLabels.Length];
    private readonly SortedDictionary<string, MetricHistogram> _metrics = new(StringComparer.Ordinal);

    public string Name { get; } = name;

    public OutputKind Kind => _sum.Kind;

    public long Rows => _sum.Rows;

    public long RowsDisagreeing => _sum.RowsDisagreeing;

    /// <summary>Pairs by what the candidate's output lacked; those that occurred.</summary>
    public IEnumerable<(string Label, long Pairs)> Faults => FaultLabels.Select((fault, i) => (fault.Label, _faults[i])).Where(static fault => fault.Item2 > 0);

    /// <summary>Those that the output's kind has.</summary>
    public IReadOnlyDictionary<string, MetricHistogram> Metrics => _metrics;

    public void Add(OutputComparison pair)
    {
        if (pair.Rows == 0 && pair.Faults == CandidateFaults.None) return;
        _sum.Add(pair);
        for (var i = 0; i < _faults.Length; i++)
            if ((pair.Faults & FaultLabels[i].Fault) != 0) _faults[i]++;
        if (pair.Kind is OutputKind.ClassScores or OutputKind.Labels && pair.Rows > 0) Of("top1_flip").Add((double)pair.Flips / pair.Rows);
        Add("topk_overlap", pair.TopKOverlap);
        Add("max_difference", pair.ProbabilityDifference);
        Add("js_divergence", pair.JensenShannon);
        Add("signed_delta", pair.SignedDelta);
        Add("cosine_distance", pair.CosineDistance);
        Add("kendall_tau", pair.KendallTau);
        Add("ranking_overlap", pair.RankingOverlap);
        Add("ndcg", pair.Ndcg);
        Add("edit_distance", pair.EditDistance);
    }

    private void Add(string metric, in MetricSummary pair)
    {
        if (pair.Count > 0) Of(metric).Add(pair);
    }

    private MetricHistogram Of(string metric)
    {
        if (!_metrics.TryGetValue(metric, out var histogram)) _metrics.Add(metric, histogram = new MetricHistogram());
        return histogram;
    }
}
