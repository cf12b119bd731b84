namespace GrpcServing.Shadowing;

/// <summary>The words for <see cref="OutputKind"/> that users write and reports show.</summary>
internal static class ComparatorKinds
{
    /// <summary>Ends the sentence "... must be".</summary>
    public const string Expected = "class_scores, labels, regression, embedding, ranking, text or exact";

    private static readonly string[] Names = ["class_scores", "labels", "regression", "embedding", "ranking", "text", "exact", "ignored"];

    public static string Name(OutputKind kind) => Names[(int)kind];

    /// <summary>Takes all but <see cref="OutputKind.Ignored"/>, which has a key of its own.</summary>
    public static bool TryParse(string text, out OutputKind kind)
    {
        var index = Array.IndexOf(Names, text);
        kind = (OutputKind)Math.Max(0, index);
        return index >= 0 && kind != OutputKind.Ignored;
    }
}
