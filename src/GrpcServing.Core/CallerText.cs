namespace GrpcServing;

/// <summary>Text of a caller inside a message to that caller.</summary>
public static class CallerText
{
    private const int MaxQuoted = 128;

    /// <summary>The text, or its beginning when it is long: a message travels in a trailer, which has to stay small.</summary>
    public static string Clip(string text)
    {
        if (text.Length <= MaxQuoted) return text;
        var kept = char.IsHighSurrogate(text[MaxQuoted - 1]) ? MaxQuoted - 1 : MaxQuoted;
        return string.Concat(text.AsSpan(0, kept), "...");
    }
}
