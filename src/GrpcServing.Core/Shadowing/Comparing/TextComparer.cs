namespace GrpcServing.Shadowing;

/// <summary>Compares byte strings: equal or not, and how many single-byte edits lead from one to the other.</summary>
internal sealed class TextComparer : OutputComparer
{
    /// <summary>Longest middle, after the common beginning and end, whose distance is worked out: at most a million steps per element.</summary>
    public const int LongestMiddle = 1024;

    public override void Compare(in OutputPair pair, PairComparison rows, OutputComparison metrics, ComparisonScratch scratch)
    {
        metrics.Kind = OutputKind.Text;
        metrics.Rows = pair.Rows;
        var primary = pair.Primary;
        var candidate = pair.Candidate;
        for (var row = 0; row < pair.Rows; row++)
        {
            var agrees = true;
            for (var i = 0; i < pair.ElementsPerRow; i++)
            {
                var distance = Distance(Elements.TakeBytes(ref primary), Elements.TakeBytes(ref candidate), scratch);
                metrics.EditDistance.Add(distance);
                agrees &= distance == 0;
            }
            if (agrees) continue;
            metrics.RowsDisagreeing++;
            rows.Disagree(row);
        }
    }

    /// <summary>Levenshtein over the longer length, 0..1, and 0 only for equal ones; a middle that is too long counts as all different.</summary>
    internal static double Distance(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other, ComparisonScratch scratch)
    {
        if (one.SequenceEqual(other)) return 0;
        var longer = Math.Max(one.Length, other.Length);
        var prefix = one.CommonPrefixLength(other);
        one = one[prefix..];
        other = other[prefix..];
        var suffix = 0;
        while (suffix < one.Length && suffix < other.Length && one[^(suffix + 1)] == other[^(suffix + 1)]) suffix++;
        one = one[..^suffix];
        other = other[..^suffix];

        var middle = Math.Max(one.Length, other.Length);
        var edits = Math.Min(one.Length, other.Length) == 0 || middle > LongestMiddle ? middle : Edits(one, other, scratch.Indexes(0, other.Length + 1));
        return (double)edits / longer;
    }

    /// <summary>The usual table, one row kept.</summary>
    private static int Edits(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other, Span<int> costs)
    {
        for (var j = 0; j <= other.Length; j++) costs[j] = j;
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = costs[0];
            costs[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var changed = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
                diagonal = costs[j];
                costs[j] = Math.Min(changed, Math.Min(costs[j - 1], costs[j]) + 1);
            }
        }
        return costs[other.Length];
    }
}
