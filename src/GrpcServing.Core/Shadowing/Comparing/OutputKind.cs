namespace GrpcServing.Shadowing;

/// <summary>What the numbers of one output mean, and so when two answers disagree about it.</summary>
internal enum OutputKind : byte
{
    /// <summary>Scores over classes, logits or probabilities: rows disagree when their best class differs.</summary>
    ClassScores,
    /// <summary>One class per row, as an integer, a boolean or text: rows disagree when it differs.</summary>
    Labels,
    /// <summary>Numbers: rows disagree when any element differs by more than <c>atol + rtol * |primary|</c>.</summary>
    Regression,
    /// <summary>A direction: rows disagree when their cosine distance is too large.</summary>
    Embedding,
    /// <summary>An order, as scores over items or as item numbers, best first: rows disagree when the items at the top differ.</summary>
    Ranking,
    /// <summary>Text or other byte strings: rows disagree when any element differs; how much is the edit distance.</summary>
    Text,
    /// <summary>Rows disagree when any byte differs.</summary>
    Exact,
    /// <summary>Not compared at all, though the candidate must still have it. Only by configuration.</summary>
    Ignored,
}
