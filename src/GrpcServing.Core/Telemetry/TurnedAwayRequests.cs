using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace GrpcServing.Telemetry;

/// <summary>Counts requests that were answered with an error before a version was known. Any thread, no locks.</summary>
/// <remarks>Bounded: only names that the repository knows are told apart, and no more than <see cref="StatisticsRegistry.MaxLanes"/> of them.</remarks>
public sealed class TurnedAwayRequests
{
    private readonly ConcurrentDictionary<string, long[]> _models = new(StringComparer.Ordinal);
    private readonly long[] _others = NewCounts();

    /// <param name="model">A model of the repository, under the repository's own name; "" when the request names none.</param>
    public void Record(string model, ErrorReason reason) => Interlocked.Increment(ref CountsOf(model)[(int)reason]);

    public ImmutableArray<TurnedAway> Snapshot() =>
    [
        .. Read("", _others).Where(static count => count.Reason != ErrorReason.None),
        .. _models.OrderBy(static model => model.Key, StringComparer.Ordinal).SelectMany(static model => Read(model.Key, model.Value)).Where(static count => count.Requests > 0),
    ];

    private long[] CountsOf(string model)
    {
        if (model.Length == 0) return _others;
        if (_models.TryGetValue(model, out var counts)) return counts;
        return _models.Count >= StatisticsRegistry.MaxLanes ? _others : _models.GetOrAdd(model, static _ => NewCounts());
    }

    private static IEnumerable<TurnedAway> Read(string model, long[] counts) =>
        counts.Select((_, reason) => new TurnedAway(model, (ErrorReason)reason, Volatile.Read(ref counts[reason])));

    private static long[] NewCounts() => new long[Enum.GetValues<ErrorReason>().Length];
}
