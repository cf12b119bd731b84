using System.Collections.Immutable;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary>The numbers of every lane since the process started: they go on when a version is loaded anew, and stay when it is unloaded.</summary>
/// <remarks>
/// Bounded: of lanes that have ended, the last <see cref="MaxEnded"/> are kept and older ones end; of open lanes, <see cref="MaxLanes"/> are
/// told apart and further ones count together under <see cref="LaneLabels.Other"/>. Any thread; locks only where lanes open, end or are read.
/// </remarks>
public sealed class StatisticsRegistry(TimeProvider time)
{
    public const int MaxLanes = 1000;
    public const int MaxEnded = 100;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Model, long Version, string Lane), Entry> _entries = [];
    private readonly Entry _other = new(new LaneLabels(LaneLabels.Other, LaneLabels.Other, LaneLabels.Other));
    private long _endings;

    /// <summary>Begins to count for a lane that opens. Ended by <see cref="VersionStatistics.Close"/>.</summary>
    public VersionStatistics Open(ModelSpec spec, string lane)
    {
        var key = (spec.Name, spec.Version, lane);
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entry)) entry = Add(key);
            VersionStatistics? statistics = null;
            statistics = new VersionStatistics(time) { Closed = () => Close(key, entry, statistics!) };
            if (entry != _other)
            {
                var predictions = PredictionStatistics.TryCreate(spec);
                if (entry.Predictions?.Classes != predictions?.Classes) entry.Predictions = predictions;
                statistics.Predictions = entry.Predictions;
            }
            entry.Open.Add(statistics);
            return statistics;
        }
    }

    /// <summary>The numbers of all lanes at this instant.</summary>
    public ImmutableArray<LaneRecord> Snapshot()
    {
        lock (_lock)
        {
            var records = ImmutableArray.CreateBuilder<LaneRecord>(_entries.Count + 1);
            foreach (var entry in _entries.Values) records.Add(entry.Read());
            if (_other.IsUsed) records.Add(_other.Read());
            return records.DrainToImmutable();
        }
    }

    private Entry Add((string Model, long Version, string Lane) key)
    {
        if (_entries.Count == MaxLanes && !TryForgetOldest()) return _other;
        var entry = new Entry(new LaneLabels(key.Model, key.Version, key.Lane));
        _entries.Add(key, entry);
        return entry;
    }

    private void Close((string Model, long Version, string Lane) key, Entry entry, VersionStatistics statistics)
    {
        lock (_lock)
        {
            if (!entry.Open.Remove(statistics)) return;
            entry.Past = entry.Past is null ? statistics.Snapshot() : entry.Past.Plus(statistics.Snapshot());
            if (entry.Open.Count > 0 || entry == _other) return;
            entry.EndedAs = ++_endings;
            // A version that failed to open has nothing to keep.
            if (entry.Past is { Success.Count: 0, Failure.Count: 0 }) _entries.Remove(key);
            else if (_entries.Values.Count(static one => one.Open.Count == 0) > MaxEnded) TryForgetOldest();
        }
    }

    private bool TryForgetOldest()
    {
        var ended = _entries.Where(static entry => entry.Value.Open.Count == 0).ToArray();
        return ended.Length > 0 && _entries.Remove(ended.MinBy(static entry => entry.Value.EndedAs).Key);
    }

    private sealed class Entry(LaneLabels labels)
    {
        public List<VersionStatistics> Open { get; } = [];

        public StatisticsSnapshot? Past { get; set; }

        public PredictionStatistics? Predictions { get; set; }

        public long EndedAs { get; set; }

        public bool IsUsed => Open.Count > 0 || Past is not null;

        public LaneRecord Read()
        {
            var total = Past;
            foreach (var open in Open) total = total is null ? open.Snapshot() : total.Plus(open.Snapshot());
            return new LaneRecord(labels, total!, Predictions?.Snapshot());
        }
    }
}

/// <summary>The numbers of one lane, over all times that it was open.</summary>
/// <param name="Predictions">Null where the model is no classifier.</param>
public sealed record LaneRecord(LaneLabels Labels, StatisticsSnapshot Statistics, PredictionSnapshot? Predictions);
