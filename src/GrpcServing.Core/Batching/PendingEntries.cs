namespace GrpcServing.Batching;

/// <summary>Entries that wait, as columns in order of deadline.</summary>
internal readonly record struct PendingEntries(long[] Due, int[] Rows)
{
    public PendingEntries(int capacity)
        : this(new long[capacity], new int[capacity])
    {
    }
}
