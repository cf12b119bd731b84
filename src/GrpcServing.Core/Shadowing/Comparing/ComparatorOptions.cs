using System.Collections.Immutable;
using GrpcServing.Models;

namespace GrpcServing.Shadowing;

/// <summary>How the outputs of a pair are compared; the same record, under <see cref="Outputs"/>, overrides it for one output by name.</summary>
/// <remarks>Immutable. Part of what a report states: two reports are comparable only when these are equal.</remarks>
internal sealed record ComparatorOptions
{
    /// <value>Null (default): by the output's spec and values, see <see cref="OutputKindRule"/>.</value>
    public OutputKind? Kind { get; init; }

    /// <value>Class scores: depth of the top-k overlap, 1..100; default 5. An output with fewer classes is compared over all of them.</value>
    public int TopK { get; init; } = 5;

    /// <value>Class scores: a primary whose two best probabilities are closer than this is undecided, and a flip is counted as a tie too; 0..1, default 1e-3.</value>
    public double MarginTie { get; init; } = 1e-3;

    /// <value>Class scores: true when a flip on such a tie is no disagreement; default false, so that the rate is the plain rate of flips.</value>
    public bool TiesAgree { get; init; }

    /// <value>Class scores with one element per row: the probability from which it means class 1; default 0.5.</value>
    public double BinaryThreshold { get; init; } = .5;

    /// <value>Regression: difference that is never a disagreement, in the output's own unit, >= 0; default 1e-5.</value>
    public double AbsoluteTolerance { get; init; } = 1e-5;

    /// <value>Regression: the same relative to the primary's element, >= 0; default 1e-3.</value>
    public double RelativeTolerance { get; init; } = 1e-3;

    /// <value>Embedding: largest cosine distance (1 - cosine) of agreeing rows, 0..2; default 1e-3.</value>
    public double CosineTolerance { get; init; } = 1e-3;

    /// <value>Ranking: how many items count as the top, 1..1000; default 10.</value>
    public int RankingDepth { get; init; } = 10;

    /// <value>Ranking: share of the primary's top items that the candidate's top must hold to agree, 0..1; default 1.</value>
    public double RankingOverlap { get; init; } = 1;

    /// <value>Overrides for single outputs, by name; entries of an entry are ignored.</value>
    public ImmutableDictionary<string, ComparatorOptions> Outputs { get; init; } = ImmutableDictionary<string, ComparatorOptions>.Empty;

    /// <summary>What holds for one output.</summary>
    public ComparatorOptions For(string output) => Outputs.GetValueOrDefault(output) ?? this;

    /// <summary>Every setting outside its range, each as <c>X (value) must be ...</c>; empty when all are fine.</summary>
    public IEnumerable<string> Failures()
    {
        if (TopK is < 1 or > 100) yield return $"TopK ({TopK}) must be 1..100";
        if (!(MarginTie is >= 0 and <= 1)) yield return $"MarginTie ({MarginTie}) must be 0..1";
        if (!(BinaryThreshold is > 0 and < 1)) yield return $"BinaryThreshold ({BinaryThreshold}) must be between 0 and 1";
        if (!(AbsoluteTolerance >= 0)) yield return $"AbsoluteTolerance ({AbsoluteTolerance}) must be 0 or more";
        if (!(RelativeTolerance >= 0)) yield return $"RelativeTolerance ({RelativeTolerance}) must be 0 or more";
        if (!(CosineTolerance is >= 0 and <= 2)) yield return $"CosineTolerance ({CosineTolerance}) must be 0..2";
        if (RankingDepth is < 1 or > 1000) yield return $"RankingDepth ({RankingDepth}) must be 1..1000";
        if (!(RankingOverlap is >= 0 and <= 1)) yield return $"RankingOverlap ({RankingOverlap}) must be 0..1";
        foreach (var (output, options) in Outputs)
            foreach (var failure in options.Failures()) yield return $"Outputs.{output}.{failure}";
    }

    /// <summary>The same, with what does not fit this model: names that are no outputs, kinds that a datatype does not have.</summary>
    public IEnumerable<string> Failures(ModelSpec model)
    {
        foreach (var failure in Failures()) yield return failure;
        foreach (var output in Outputs.Keys.Where(output => model.FindOutput(output) < 0))
            yield return $"Outputs.{output} must name an output of {model.Name}: {string.Join(", ", model.Outputs.Select(static output => output.Name))}";
        foreach (var output in model.Outputs)
            if (For(output.Name).Kind is { } kind && OutputKindRule.Refusal(kind, output.DataType) is { } allowed)
                yield return $"{(Outputs.ContainsKey(output.Name) ? $"Outputs.{output.Name}." : "")}Kind ({kind}) must be {allowed}";
    }
}
