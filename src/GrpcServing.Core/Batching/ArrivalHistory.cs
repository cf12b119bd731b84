namespace GrpcServing.Batching;

/// <summary>The last arrivals of a lane: what may come next is drawn from what came before.</summary>
/// <remarks>
/// Stretches of the lane's own past are better futures than a fitted distribution: bursts, mixtures of deadlines and request sizes, and
/// how these go together, all come with them. 0 bytes per call.
/// </remarks>
internal sealed class ArrivalHistory(ulong seed)
{
    public const int Length = 1024;

    private const long Shortest = 64;

    /// <summary>Standard deviations from which on a difference of rates is a change.</summary>
    private const double Surprise = 2;

    private readonly Entry[] _entries = new Entry[Length];
    private readonly ArrivalDispersion _dispersion = new();
    private long _slacks;
    private double _meanGap;
    private double _meanSquaredGap;
    private ulong _random;
    private long _rowsChangedAt = -Length;

    public long Count { get; private set; }

    /// <summary>Ticks from arrival to deadline, averaged over the last few hundred that had one; 0 when none did.</summary>
    public double MeanSlack { get; private set; }

    /// <summary>Rows of a request, averaged over the last few hundred.</summary>
    public double MeanRows { get; private set; } = 1;

    /// <summary>Whether requests of different rows are among those that are kept.</summary>
    public bool IsMixed => Count - _rowsChangedAt < Length;

    public void Add(QueueEntry entry, long now)
    {
        var slack = entry.Deadline == long.MaxValue ? long.MaxValue : entry.Deadline - now;
        if (Count > 0)
        {
            var gap = (double)(now - _entries[Slot(Count - 1)].At);
            var weight = 1.0 / Math.Min(256, Count);
            _meanGap += (gap - _meanGap) * weight;
            _meanSquaredGap += (gap * gap - _meanSquaredGap) * weight;
        }
        if (Count > 0 && entry.Rows != _entries[Slot(Count - 1)].Rows) _rowsChangedAt = Count;
        _entries[Slot(Count++)] = new Entry(now, slack, entry.Rows, entry.BucketId);
        MeanRows += (entry.Rows - MeanRows) / Math.Min(256, Count);
        _dispersion.Note(entry.Rows, now, MeanSlack);
        if (slack != long.MaxValue) MeanSlack += (slack - MeanSlack) / Math.Min(256, ++_slacks);
    }

    /// <summary>Variance of the arrivals within one mean time to deadline over their mean: 1 for Poisson arrivals.</summary>
    public double Dispersion => _dispersion.Of(MeanRows, otherwise: Variation);

    /// <summary>How many of the last arrivals the present is like: fewer after the rate has changed. Updated by <see cref="Look"/>.</summary>
    public long Relevant { get; private set; }

    /// <summary>Arrivals per tick among the relevant ones; 0 while too few are known.</summary>
    public double Rate { get; private set; }

    /// <summary>Finds how far back the past still speaks for the present.</summary>
    public void Look()
    {
        var known = Math.Min(Length, Count);
        Relevant = Math.Min(Shortest, known);
        Rate = RateOver(Relevant);
        if (Rate == 0) return;
        for (var longer = Relevant * 2; longer <= known; longer *= 2)
        {
            // The mean of n gaps strays by its variation over the root of n.
            var rate = RateOver(longer);
            var deviation = Math.Abs(rate / RateOver(Shortest) - 1);
            if (deviation > Surprise * Math.Sqrt(Variation / Shortest)) break;
            (Relevant, Rate) = (longer, rate);
        }
    }

    /// <summary>Makes the following draws depend on this number and the seed alone, so that a decision asked again sees the same futures.</summary>
    public void Restart(long draw) => _random = seed + (ulong)draw * 0xD1B54A32D192ED03UL;

    /// <summary>Draws a possible future: a stretch of the past, moved to now, which agrees with the time since the last arrival.</summary>
    /// <param name="until">No arrivals from this instant on.</param>
    public void Draw(long now, long until, int bucketId, Arrivals future)
    {
        future.Clear();
        var known = Relevant;
        if (known < 8) return;
        var oldest = Count - known;
        var idle = now - _entries[Slot(Count - 1)].At;
        var cursor = oldest + 1;
        for (var attempt = 0; attempt < 16; attempt++)
        {
            cursor = oldest + 1 + (long)(Next() % (ulong)(known - 1));
            if (Gap(cursor) > idle) break;
        }
        var at = now + Math.Max(0, Gap(cursor) - idle);
        while (at < until && !future.IsFull)
        {
            ref var entry = ref _entries[Slot(cursor)];
            if (entry.BucketId == bucketId) future.Add(at, entry.Slack == long.MaxValue ? long.MaxValue : at + entry.Slack, entry.Rows);
            if (++cursor == Count) cursor = oldest + 1;
            at += Gap(cursor);
        }
    }

    /// <summary>Copies what came last, as it came.</summary>
    public void Replay(int bucketId, Arrivals past)
    {
        past.Clear();
        for (var i = Math.Max(0, Count - Length); i < Count && !past.IsFull; i++)
        {
            ref var entry = ref _entries[Slot(i)];
            if (entry.BucketId == bucketId) past.Add(entry.At, entry.Slack == long.MaxValue ? long.MaxValue : entry.At + entry.Slack, entry.Rows);
        }
    }

    private double RateOver(long last)
    {
        if (last < 2) return 0;
        var span = _entries[Slot(Count - 1)].At - _entries[Slot(Count - last)].At;
        return span <= 0 ? 0 : (last - 1) / (double)span;
    }

    /// <summary>Squared coefficient of variation of the gaps.</summary>
    private double Variation => _meanGap <= 0 ? 1 : Math.Clamp(_meanSquaredGap / (_meanGap * _meanGap) - 1, 0.25, 8);

    private long Gap(long index) => _entries[Slot(index)].At - _entries[Slot(index - 1)].At;

    private ulong Next()
    {
        // SplitMix64.
        var z = _random += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    private static int Slot(long index) => (int)(index & (Length - 1));

    private readonly record struct Entry(long At, long Slack, int Rows, int BucketId);
}
