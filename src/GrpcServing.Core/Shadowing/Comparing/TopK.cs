namespace GrpcServing.Shadowing;

/// <summary>The k largest of many numbers.</summary>
internal static class TopK
{
    /// <summary>Share of the k best of one side among the k best of the other, 0..1. Of equal numbers the first counts as larger.</summary>
    public static double Overlap(ReadOnlySpan<double> primary, ReadOnlySpan<double> candidate, int k, ComparisonScratch scratch)
    {
        if (k == primary.Length) return 1;
        var one = scratch.Indexes(0, k);
        var other = scratch.Indexes(1, k);
        Select(primary, one);
        Select(candidate, other);
        return Shared(one, other);
    }

    /// <summary>Share of one list's items that are in the other, of the same length and without repetition.</summary>
    public static double Shared(ReadOnlySpan<int> one, ReadOnlySpan<int> other)
    {
        var shared = 0;
        foreach (var index in one)
            if (other.Contains(index)) shared++;
        return (double)shared / one.Length;
    }

    /// <summary>Indexes of the largest numbers, largest first: as many as <paramref name="indexes"/> holds, no more than there are.</summary>
    public static void Select(ReadOnlySpan<double> values, Span<int> indexes)
    {
        var held = 0;
        for (var i = 0; i < values.Length; i++)
        {
            if (held == indexes.Length && values[i] <= values[indexes[held - 1]]) continue;
            if (held < indexes.Length) held++;
            var at = held - 1;
            for (; at > 0 && values[indexes[at - 1]] < values[i]; at--) indexes[at] = indexes[at - 1];
            indexes[at] = i;
        }
    }
}
