namespace GrpcServing.Batching;

/// <summary>Makes a batch larger than pays now and then, where nobody knows any more whether it would.</summary>
/// <remarks>
/// A size that looks bad is not run, and so would look bad for ever: because the machine was busy when it was measured, or because the sweep at
/// load had no time for it. Takes a 250th of the executor's time at most, a fifth for sizes that never ran, and only what waits anyway.
/// 0 bytes per call.
/// </remarks>
internal sealed class SizeExplorer(LatencyTable table, int maxRows)
{
    private const long TimesBetweenOld = 250;
    private const long TimesBetweenUnknown = 5;

    private readonly int[] _sizes = [.. BatchSizes.UpTo(maxRows)];
    private long _lastAt;

    /// <summary>Rows to run, for a batch of <paramref name="size"/> rows that is as large as pays.</summary>
    /// <param name="most">Rows that wait and can all make it in a batch of so many.</param>
    public int Stretch(int bucketId, int size, int most, long now)
    {
        foreach (var larger in _sizes)
        {
            if (larger <= size) continue;
            if (larger > most) break;
            var age = table.Age(bucketId, larger);
            if (age < BucketProfile.OldAge) continue;
            if (now - _lastAt < (age == long.MaxValue ? TimesBetweenUnknown : TimesBetweenOld) * table.Estimate(bucketId, larger)) break;
            _lastAt = now;
            return larger;
        }
        return size;
    }
}
