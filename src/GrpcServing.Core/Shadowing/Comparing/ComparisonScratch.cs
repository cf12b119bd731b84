namespace GrpcServing.Shadowing;

/// <summary>Working memory of one <see cref="PairComparer"/>: grows to the longest row seen, then no comparison allocates.</summary>
internal sealed class ComparisonScratch
{
    private readonly double[][] _doubles = [[], [], [], [], []];
    private readonly int[][] _ints = [[], [], [], []];

    /// <summary>Numbers of the primary's row.</summary>
    public Span<double> Primary(int length) => Slot(_doubles, 0, length);

    public Span<double> Candidate(int length) => Slot(_doubles, 1, length);

    /// <summary>Three more rows, for whatever a comparer computes.</summary>
    public Span<double> Work(int slot, int length) => Slot(_doubles, 2 + slot, length);

    /// <summary>Four rows of indexes.</summary>
    public Span<int> Indexes(int slot, int length) => Slot(_ints, slot, length);

    /// <summary>Positions by item, for rankings that list items. Cleared by its user.</summary>
    public Dictionary<long, int> Positions { get; } = [];

    private static Span<T> Slot<T>(T[][] slots, int slot, int length)
    {
        if (slots[slot].Length < length) slots[slot] = new T[Math.Max(length, 2 * slots[slot].Length)];
        return slots[slot].AsSpan(0, length);
    }
}
