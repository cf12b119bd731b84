namespace GrpcServing.Batching;

/// <summary>The sizes at which l(b) is measured on purpose.</summary>
internal static class BatchSizes
{
    /// <summary>1, 2, 3, 4, 6, 8, 12, 16, ... and the limit: every size is within a half of a measured one.</summary>
    public static IEnumerable<int> UpTo(int limit)
    {
        for (var size = 1; size < limit; size *= 2)
        {
            yield return size;
            if (size > 1 && size + (size / 2) < limit) yield return size + (size / 2);
        }
        yield return limit;
    }
}
