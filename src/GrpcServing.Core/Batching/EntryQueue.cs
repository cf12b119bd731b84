using System.Numerics;

namespace GrpcServing.Batching;

/// <summary>Waiting entries of one kind in order of (<see cref="QueueEntry.OrderKey"/>, <see cref="QueueEntry.Sequence"/>).</summary>
/// <remarks>
/// A sorted ring. Most entries come in order, so an insertion appends; one that does not moves the nearer end. A search is logarithmic.
/// Grows by doubling and never shrinks: 0 bytes per call once it has been as long as it gets.
/// </remarks>
internal sealed class EntryQueue
{
    private QueueEntry[] _entries = new QueueEntry[16];
    private long[] _keys = new long[16];
    private int _first;

    public int Count { get; private set; }

    /// <summary>Rows of all entries.</summary>
    public int Rows { get; private set; }

    /// <param name="index">0 = first in order.</param>
    public QueueEntry this[int index] => _entries[Slot(index)];

    public long Key(int index) => _keys[Slot(index)];

    public void Add(QueueEntry entry)
    {
        if (Count == _entries.Length) Grow();
        var index = Find(entry.OrderKey, entry.Sequence);
        if (index >= Count - index)
        {
            for (var i = Count; i > index; i--) Move(i - 1, i);
        }
        else
        {
            _first = Slot(-1);
            for (var i = 0; i < index; i++) Move(i + 1, i);
        }
        Count++;
        Rows += entry.Rows;
        var slot = Slot(index);
        _entries[slot] = entry;
        _keys[slot] = entry.OrderKey;
    }

    /// <summary>Takes out one entry that is in this queue.</summary>
    public void Remove(QueueEntry entry) => RemoveAt(Find(entry.OrderKey, entry.Sequence));

    public void RemoveAt(int index)
    {
        Rows -= this[index].Rows;
        if (index >= Count / 2)
        {
            for (var i = index; i < Count - 1; i++) Move(i + 1, i);
            _entries[Slot(Count - 1)] = null!;
        }
        else
        {
            for (var i = index; i > 0; i--) Move(i - 1, i);
            _entries[_first] = null!;
            _first = Slot(1);
        }
        Count--;
    }

    /// <summary>Takes out, among the first so many, the entries that are no longer <see cref="QueueEntry.IsQueued"/>.</summary>
    public void RemoveTaken(int among)
    {
        var kept = among;
        for (var i = among - 1; i >= 0; i--)
        {
            var entry = this[i];
            if (entry.IsQueued)
            {
                if (--kept != i) Move(i, kept);
            }
            else
            {
                Rows -= entry.Rows;
            }
        }
        for (var i = 0; i < kept; i++) _entries[Slot(i)] = null!;
        _first = Slot(kept);
        Count -= kept;
    }

    /// <summary>Index of the first entry whose key is at least this one.</summary>
    public int FirstAtLeast(long key) => Find(key, long.MinValue);

    private int Find(long key, long sequence)
    {
        // Most look-ups are for the end or the front.
        if (Count == 0 || Precedes(Count - 1, key, sequence)) return Count;
        var low = 0;
        var high = Count - 1;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (Precedes(middle, key, sequence)) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private bool Precedes(int index, long key, long sequence)
    {
        var slot = Slot(index);
        return _keys[slot] < key || (_keys[slot] == key && _entries[slot].Sequence < sequence);
    }

    private int Slot(int index) => (_first + index) & (_entries.Length - 1);

    private void Move(int from, int to)
    {
        var (source, target) = (Slot(from), Slot(to));
        _entries[target] = _entries[source];
        _keys[target] = _keys[source];
    }

    private void Grow()
    {
        var length = (int)BitOperations.RoundUpToPowerOf2((uint)_entries.Length + 1);
        var entries = new QueueEntry[length];
        var keys = new long[length];
        for (var i = 0; i < Count; i++)
        {
            entries[i] = this[i];
            keys[i] = Key(i);
        }
        (_entries, _keys, _first) = (entries, keys, 0);
    }
}
