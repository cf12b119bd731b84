namespace GrpcServing.Batching;

/// <summary>Makes a batch larger than pays now and then, where nobody knows any more whether it would.</summary>
/// <remarks>
/// A size that looks bad is not run, and so would look bad for ever: because the machine was busy when it was measured, or because the sweep at
/// load had no time for it. One batch in <see cref="Interval"/> at most, and only of what waits anyway. 0 bytes per call.
/// </remarks>
internal sealed class SizeExplorer(LatencyTable table, int maxRows)
{
    private const int Interval = 32;

    private readonly int[] _sizes = [.. BatchSizes.UpTo(maxRows)];
    private int _batches;

    /// <summary>Rows to run, for a batch of <paramref name="size"/> rows that is as large as pays.</summary>
    /// <param name="most">Rows that wait and can all make it in a batch of so many.</param>
    public int Stretch(int bucketId, int size, int most)
    {
        if (++_batches < Interval) return size;
        foreach (var larger in _sizes)
        {
            if (larger <= size || !table.IsDoubtful(bucketId, larger)) continue;
            if (larger > most) break;
            _batches = 0;
            return larger;
        }
        return size;
    }
}
