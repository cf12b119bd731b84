namespace GrpcServing.Shadowing;

/// <summary>Numbers the slices in the order they appear, up to a limit; all later ones share <see cref="Other"/>.</summary>
/// <remarks>
/// One owner. A caller chooses parameter values, so both their number and their length are bounded here: what a hostile client can fill
/// is <c>capacity</c> keys of <see cref="MaxValueLength"/> characters. No allocation for a slice that is known or that has no place.
/// </remarks>
internal sealed class SliceTable
{
    /// <summary>Index of everything beyond the limit; always there.</summary>
    public const int Other = 0;

    public const int MaxValueLength = 128;

    private readonly int _capacity;
    private readonly Dictionary<SliceKey, int> _indexes = [];
    private readonly List<SliceKey> _keys = [new("other", "")];

    /// <param name="capacity">Most slices besides <see cref="Other"/>, at least 1.</param>
    public SliceTable(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _capacity = capacity;
    }

    /// <summary>Slices seen, <see cref="Other"/> included.</summary>
    public int Count => _keys.Count;

    public SliceKey this[int index] => _keys[index];

    /// <summary>The slice's index, a new one while there is room.</summary>
    public int IndexOf(SliceKey key)
    {
        if (_indexes.TryGetValue(key, out var index)) return index;
        if (_keys.Count > _capacity || key.Value.Length > MaxValueLength) return Other;

        _keys.Add(key);
        _indexes.Add(key, _keys.Count - 1);
        return _keys.Count - 1;
    }
}
