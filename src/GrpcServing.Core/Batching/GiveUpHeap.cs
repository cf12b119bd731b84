namespace GrpcServing.Batching;

/// <summary>When waiting entries have to be given up, earliest first: a binary heap in which each entry knows its place.</summary>
/// <remarks>Entries that are never given up need not be in it. 0 bytes per call once it has been as large as it gets.</remarks>
internal sealed class GiveUpHeap
{
    private QueueEntry[] _entries = new QueueEntry[16];
    private long[] _instants = new long[16];
    private int _count;

    /// <summary>The earliest instant; <see cref="long.MaxValue"/> when there is none.</summary>
    public long NextAt => _count == 0 ? long.MaxValue : _instants[0];

    public QueueEntry Next => _entries[0];

    public void Add(QueueEntry entry, long instant)
    {
        if (instant == long.MaxValue) return;
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, _count * 2);
            Array.Resize(ref _instants, _count * 2);
        }
        Rise(_count++, entry, instant);
    }

    public void Remove(QueueEntry entry)
    {
        var hole = entry.HeapIndex;
        if (hole < 0) return;
        entry.HeapIndex = -1;
        var last = _entries[--_count];
        var instant = _instants[_count];
        _entries[_count] = null!;
        if (hole == _count) return;
        if (hole > 0 && Precedes(instant, last, (hole - 1) / 2)) Rise(hole, last, instant);
        else Sink(hole, last, instant);
    }

    private void Rise(int index, QueueEntry entry, long instant)
    {
        while (index > 0)
        {
            var parent = (index - 1) / 2;
            if (!Precedes(instant, entry, parent)) break;
            Put(index, _entries[parent], _instants[parent]);
            index = parent;
        }
        Put(index, entry, instant);
    }

    private void Sink(int index, QueueEntry entry, long instant)
    {
        while (true)
        {
            var child = 2 * index + 1;
            if (child >= _count) break;
            if (child + 1 < _count && Precedes(_instants[child + 1], _entries[child + 1], child)) child++;
            if (Precedes(instant, entry, child)) break;
            Put(index, _entries[child], _instants[child]);
            index = child;
        }
        Put(index, entry, instant);
    }

    // Equal instants in order of arrival, so that refusals replay in the same order.
    private bool Precedes(long instant, QueueEntry entry, int other) =>
        instant < _instants[other] || (instant == _instants[other] && entry.Sequence < _entries[other].Sequence);

    private void Put(int index, QueueEntry entry, long instant)
    {
        _entries[index] = entry;
        _instants[index] = instant;
        entry.HeapIndex = index;
    }
}
