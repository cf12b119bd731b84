using System.Collections.Immutable;
using System.Globalization;

namespace GrpcServing.Shadowing;

/// <summary>A pair that disagreed, as people look at it. A copy of what it shows.</summary>
/// <param name="CaptureId">In the capture store; 0 when it was not kept.</param>
/// <param name="Severity">Larger is worse; comparable within a model.</param>
/// <param name="Reason">What differs, in a sentence.</param>
internal sealed record Disagreement(
    long CaptureId, string RequestId, string Slice, DateTimeOffset At, double Severity, string Reason,
    ImmutableArray<TensorPreview> Inputs, ImmutableArray<TensorPreview> Primary, ImmutableArray<TensorPreview> Candidate);

/// <summary>The worst disagreements, worst first; of equally bad ones the earliest. The shadow's thread only.</summary>
internal sealed class Disagreements(ShadowSides sides)
{
    public const int MaxKept = 50;

    private readonly List<Disagreement> _worst = [];

    public IReadOnlyList<Disagreement> Worst => _worst;

    /// <summary>Takes a pair in that disagrees, if it is among the worst.</summary>
    public void Add(in ShadowPair pair, PairComparison comparison, long captureId)
    {
        var severity = SeverityOf(pair, comparison);
        if (_worst.Count == MaxKept && severity <= _worst[^1].Severity) return;
        var place = _worst.FindIndex(known => known.Severity < severity);
        _worst.Insert(place < 0 ? _worst.Count : place, new Disagreement(
            captureId, pair.Request.Id, pair.Slice, pair.At, severity, Describe(pair, comparison),
            TensorPreview.OfInputs(sides.Primary, pair.Request),
            TensorPreview.OfOutputs(sides.Primary, pair.Primary.Result),
            TensorPreview.OfOutputs(sides.Candidate, pair.Candidate.Result)));
        if (_worst.Count > MaxKept) _worst.RemoveAt(MaxKept);
    }

    /// <summary>An answer that cannot be used is worse than any other; then what differs by most in the measure of its kind, more rows first.</summary>
    private static double SeverityOf(in ShadowPair pair, PairComparison comparison)
    {
        if (pair.Primary.Result is null) return 1;
        if (comparison.Faults != CandidateFaults.None) return 1e12;
        var severity = (double)comparison.RowsDisagreeing / comparison.Rows;
        foreach (var output in comparison.Outputs)
        {
            severity += Most(output.ProbabilityDifference) + Most(output.CosineDistance) + Most(output.EditDistance);
            if (output.SignedDelta.Count > 0) severity += Math.Max(Math.Abs(output.SignedDelta.Least), Math.Abs(output.SignedDelta.Most));
            if (output.RankingOverlap.Count > 0) severity += 1 - output.RankingOverlap.Least;
        }
        return double.IsFinite(severity) ? severity : 1e12;
    }

    private static double Most(in MetricSummary metric) => metric.Count == 0 ? 0 : metric.Most;

    private string Describe(in ShadowPair pair, PairComparison comparison)
    {
        if (pair.Primary.Result is null) return $"The primary failed and the candidate did not: {pair.Primary.Error.Message}";
        if (pair.Candidate.Result is null) return $"The candidate failed: {pair.Candidate.Error.Message}";
        var parts = new List<string>();
        for (var i = 0; i < comparison.Outputs.Length; i++)
        {
            var output = comparison.Outputs[i];
            var name = sides.Primary.Outputs[i].Name;
            if (output.Faults != CandidateFaults.None) parts.Add($"output '{name}' {Describe(output.Faults, i)}");
            else if (output.RowsDisagreeing > 0) parts.Add($"output '{name}' differs in {output.RowsDisagreeing} of {output.Rows} rows{By(output)}");
        }
        return parts.Count == 0 ? "" : $"{string.Join("; ", parts)}.";
    }

    private string Describe(CandidateFaults faults, int output)
    {
        var spec = sides.Candidate.FindOutput(sides.Primary.Outputs[output].Name) is >= 0 and var at ? sides.Candidate.Outputs[at] : null;
        if (faults.HasFlag(CandidateFaults.MissingOutput)) return "is missing in the candidate's answer";
        if (faults.HasFlag(CandidateFaults.DataType)) return $"is {spec?.DataType} in the candidate's answer, {sides.Primary.Outputs[output].DataType} in the primary's";
        if (faults.HasFlag(CandidateFaults.Shape)) return "has another shape in the candidate's answer";
        return "is NaN or infinite in the candidate's answer";
    }

    private static string By(OutputComparison output)
    {
        var (metric, most) = output switch
        {
            { ProbabilityDifference.Count: > 0 } => ("a probability by", output.ProbabilityDifference.Most),
            { CosineDistance.Count: > 0 } => ("at cosine distance", output.CosineDistance.Most),
            { EditDistance.Count: > 0 } => ("at edit distance", output.EditDistance.Most),
            { SignedDelta.Count: > 0 } => ("by", Math.Max(Math.Abs(output.SignedDelta.Least), Math.Abs(output.SignedDelta.Most))),
            _ => ("", 0),
        };
        return metric.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {metric} up to {most:0.####}");
    }
}
