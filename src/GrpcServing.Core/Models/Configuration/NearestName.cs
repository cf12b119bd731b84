namespace GrpcServing.Models;

/// <summary>Ends the message about an unknown key or field: what may stand there, and which of it was probably meant.</summary>
internal static class NearestName
{
    /// <returns>" (did you mean 'x'?); known here are a, b" or the second half alone when nothing is near.</returns>
    public static string Hint(string name, IReadOnlyCollection<string> known)
    {
        // Two edits in a short word and one third of a long one: beyond that the guess is noise.
        var limit = Math.Max(2, name.Length / 3);
        var nearest = known
            .Select(candidate => (Name: candidate, Distance: Distance(Fold(name), Fold(candidate))))
            .Where(candidate => candidate.Distance <= limit)
            .OrderBy(static candidate => candidate.Distance)
            .Select(static candidate => candidate.Name)
            .FirstOrDefault();
        var guess = nearest is null ? "" : $" (did you mean '{nearest}'?)";
        return $"{guess}; known here are {string.Join(", ", known)}";
    }

    /// <summary>Spelling that differs only by case or underscores is no difference: max_queue_rows is maxQueueRows.</summary>
    private static string Fold(string name) => name.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>Levenshtein distance.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[^1];
    }
}
