namespace GrpcServing.Batching;

/// <summary>Makes a batch larger than pays now and then, where nobody knows any more whether it would.</summary>
/// <remarks>
/// A size that looks bad is not run, and so would look bad for ever: because the machine was busy when it was measured, or because the sweep at
/// load had no time for it. A few runs in a row each time: the first finds nothing of its size in the caches and looks slow for that.
/// Takes a 250th of the executor's time at most, a fifth for sizes that never ran, and only what waits anyway. 0 bytes per call.
/// </remarks>
internal sealed class SizeExplorer(LatencyTable table, int maxRows)
{
    private const int RunsInARow = 4;
    private const long TimesBetweenOld = 250 * RunsInARow;
    private const long TimesBetweenUnknown = 5 * RunsInARow;

    private readonly int[] _sizes = [.. BatchSizes.UpTo(maxRows)];
    private long _lastAt;
    private int _explored;
    private int _runsLeft;

    /// <summary>Rows to run, for a batch of <paramref name="size"/> rows that is as large as pays.</summary>
    /// <param name="most">Rows that wait and can all make it in a batch of so many.</param>
    public int Stretch(int bucketId, int size, int most, long now)
    {
        if (--_runsLeft >= 0 && size < _explored && _explored <= most) return _explored;
        _runsLeft = 0;
        foreach (var larger in _sizes)
        {
            if (larger <= size) continue;
            if (larger > most) break;
            var age = table.Age(bucketId, larger);
            if (age < BucketProfile.OldAge) continue;
            if (now - _lastAt < (age == long.MaxValue ? TimesBetweenUnknown : TimesBetweenOld) * table.Estimate(bucketId, larger)) break;
            (_lastAt, _explored, _runsLeft) = (now, larger, RunsInARow - 1);
            return larger;
        }
        return size;
    }
}
