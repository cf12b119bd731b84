namespace GrpcServing.Shadowing;

/// <summary>Chooses which of an endless row of items to keep: a bounded, uniform sample of every slice, with fair room for each.</summary>
/// <remarks>
/// <para>
/// Within a slice it is Vitter's algorithm R. A slice that comes late takes room from those that hold more than an equal part, by
/// dropping their members at random: a uniform sample of a uniform sample is one. So a slice holds everything it ever offered while that
/// is less than its part, and a uniform sample of it from then on.
/// </para>
/// <para>One owner. Knows items by their numbers only.</para>
/// </remarks>
internal sealed class StratifiedReservoir(int capacity, int seed)
{
    private readonly Dictionary<string, Stratum> _strata = new(StringComparer.Ordinal);
    private readonly Random _random = new(seed);
    private int _kept;

    /// <summary>Whether to keep an item, and what leaves for it.</summary>
    /// <param name="id">Not 0; what <paramref name="replaced"/> will name it by.</param>
    /// <param name="replaced">The item that is not kept any more; 0 for none.</param>
    public bool TryKeep(string slice, long id, out long replaced)
    {
        replaced = 0;
        if (capacity < 1) return false;
        if (!_strata.TryGetValue(slice, out var stratum)) _strata.Add(slice, stratum = new Stratum());
        stratum.Seen++;
        if (_kept < capacity)
        {
            stratum.Ids.Add(id);
            _kept++;
            return true;
        }
        var largest = Largest();
        if (stratum.Ids.Count < largest.Ids.Count - 1 && stratum.Ids.Count == stratum.Seen - 1)
        {
            replaced = Remove(largest);
            stratum.Ids.Add(id);
            return true;
        }
        var place = _random.NextInt64(stratum.Seen);
        if (place >= stratum.Ids.Count) return false;
        replaced = stratum.Ids[(int)place];
        stratum.Ids[(int)place] = id;
        return true;
    }

    private Stratum Largest()
    {
        Stratum? largest = null;
        foreach (var stratum in _strata.Values)
            if (largest is null || stratum.Ids.Count > largest.Ids.Count) largest = stratum;
        return largest!;
    }

    private long Remove(Stratum stratum)
    {
        var place = _random.Next(stratum.Ids.Count);
        var removed = stratum.Ids[place];
        stratum.Ids[place] = stratum.Ids[^1];
        stratum.Ids.RemoveAt(stratum.Ids.Count - 1);
        return removed;
    }

    private sealed class Stratum
    {
        public List<long> Ids { get; } = [];

        public long Seen { get; set; }
    }
}
