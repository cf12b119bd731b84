using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace GrpcServing.Telemetry;

/// <summary>Records into the meter's histograms what the lanes' own have gained.</summary>
/// <remarks>
/// <para>
/// A meter has no histogram that is read when somebody asks, and recording each value where it arises costs a request more than all its
/// other numbers together (110 to 300 ns each, in a lock that every thread shares). So values are counted by bucket, and handed on from
/// here: as many as a bucket gained, each the mean of them. Counts and sums stay exact.
/// </para>
/// <para>
/// Once a second while somebody listens, so that a collection is not a burst of work. While nobody does it costs one look a second, and
/// what was counted then is not handed on to whoever listens later.
/// </para>
/// </remarks>
internal sealed class HistogramFeed : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly ImmutableArray<Fed> _histograms;
    private readonly ITimer _timer;

    /// <param name="families">Histograms.</param>
    /// <param name="read">Reads all numbers.</param>
    public HistogramFeed(Meter meter, ImmutableArray<MetricFamily> families, Func<ServingSnapshot> read, TimeProvider time)
    {
        _histograms = [.. families.Select(family => new Fed(family, meter))];
        _timer = time.CreateTimer(_ => Look(read), null, Interval, Interval);
    }

    /// <summary>Hands on what was gained up to a snapshot.</summary>
    public void Feed(ServingSnapshot snapshot)
    {
        lock (_lock)
        {
            foreach (var fed in _histograms)
                if (fed.IsHeard) fed.Feed(snapshot);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Look(Func<ServingSnapshot> read)
    {
        if (_histograms.Any(static fed => fed.IsHeard))
        {
            Feed(read());
            return;
        }
        lock (_lock)
        {
            foreach (var fed in _histograms) fed.Forget();
        }
    }

    /// <summary>One histogram of the meter, and what it was given.</summary>
    private sealed class Fed(MetricFamily family, Meter meter)
    {
        private readonly Histogram<double> _histogram =
            meter.CreateHistogram(family.Name, family.Unit, family.Description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = family.Bounds });

        // By series; null when nobody listened since.
        private Dictionary<string, DistributionSnapshot>? _given = new(StringComparer.Ordinal);

        public bool IsHeard => _histogram.Enabled;

        public void Forget() => _given = null;

        public void Feed(ServingSnapshot snapshot)
        {
            var before = _given;
            _given = new Dictionary<string, DistributionSnapshot>(StringComparer.Ordinal);
            foreach (var sample in family.Read(snapshot))
            {
                var key = string.Join('\n', sample.Tags.Select(static tag => tag.Value));
                _given[key] = sample.Distribution!;
                if (before is null) continue;
                before.TryGetValue(key, out var last);
                // The numbers of a lane that ended and was forgotten begin anew.
                Record(sample.Distribution!, last is not null && last.Count <= sample.Distribution!.Count ? last : null, sample.Tags);
            }
        }

        private void Record(DistributionSnapshot now, DistributionSnapshot? before, KeyValuePair<string, object?>[] tags)
        {
            for (var bucket = 0; bucket < now.Counts.Length; bucket++)
            {
                var count = now.Counts[bucket] - (before?.Counts[bucket] ?? 0);
                if (count == 0) continue;
                var mean = (now.Sums[bucket] - (before?.Sums[bucket] ?? 0)) / count;
                // A mean of equal values may lie a rounding beside them.
                if (bucket < now.Bounds.Length) mean = Math.Min(mean, now.Bounds[bucket]);
                if (bucket > 0) mean = Math.Max(mean, Math.BitIncrement(now.Bounds[bucket - 1]));
                for (var i = 0L; i < count; i++) _histogram.Record(mean, tags);
            }
        }
    }
}
