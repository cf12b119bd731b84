using System.Collections.Immutable;

namespace GrpcServing.Batching;

/// <summary>l(b) as measured: fed by the warm-up sweep and by every run, a quantile near p65 per size, monotone by padding.</summary>
/// <remarks>
/// The lane's loop owns it; <see cref="Snapshot"/> and <see cref="Error"/> may be called from any thread. Holds at most
/// <see cref="MaxBuckets"/> shape buckets and forgets the one not asked for longest. 0 bytes per call once a bucket and a size are known.
/// </remarks>
public sealed class MeasuredLatencyTable : LatencyTable
{
    public const int MaxBuckets = 64;

    private readonly Lock _membership = new();
    private readonly Dictionary<int, BucketProfile> _buckets = [];
    private BucketProfile? _recent;
    private int _recentId = -1;
    private long _uses;
    private long _version;
    private LatencyError _error;

    /// <param name="maxRows">Largest batch, at least 1.</param>
    public MeasuredLatencyTable(int maxRows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRows, 1);
        MaxRows = maxRows;
    }

    public override int MaxRows { get; }

    public override long Version => _version;

    /// <summary>How planned and actual times compare, over all buckets and sizes.</summary>
    public LatencyError Error
    {
        get
        {
            lock (_membership) return _error;
        }
    }

    public override long Estimate(int bucketId, int rows) => Find(bucketId)?.Planned(rows) ?? 0;

    public override int PaddedRows(int bucketId, int rows) => Find(bucketId)?.Padded(rows) ?? rows;

    public override long Age(int bucketId, int rows) => Find(bucketId)?.Age(rows) ?? long.MaxValue;

    public override double Stretch(int bucketId) => Find(bucketId)?.Stretch ?? 1;

    public override void Observe(int bucketId, int rows, long ticks, long cost)
    {
        var profile = Find(bucketId) ?? Open(bucketId);
        var planned = profile.Planned(rows);
        if (planned > 0)
        {
            lock (_membership) _error = _error.With(planned, ticks);
        }
        if (profile.Observe(rows, ticks, cost)) _version++;
    }

    /// <summary>The sizes that have run, by bucket and rows. A copy; values of a size that is being updated may be one run old.</summary>
    public ImmutableArray<LatencyEntry> Snapshot()
    {
        var entries = ImmutableArray.CreateBuilder<LatencyEntry>();
        lock (_membership)
        {
            foreach (var (bucketId, profile) in _buckets.OrderBy(static bucket => bucket.Key))
            {
                for (var rows = 1; rows <= MaxRows; rows++)
                    if (profile.Runs(rows) is > 0 and var runs)
                        entries.Add(new LatencyEntry(bucketId, rows, runs, profile.Measured(rows), profile.Planned(rows), profile.Padded(rows)));
            }
        }
        return entries.ToImmutable();
    }

    private BucketProfile? Find(int bucketId)
    {
        if (bucketId == _recentId) return _recent;
        if (!_buckets.TryGetValue(bucketId, out var profile)) return null;
        profile.LastUse = ++_uses;
        _recentId = bucketId;
        return _recent = profile;
    }

    private BucketProfile Open(int bucketId)
    {
        lock (_membership)
        {
            _version++;
            if (_buckets.Count == MaxBuckets) _buckets.Remove(_buckets.MinBy(static bucket => bucket.Value.LastUse).Key);
            _recent = new BucketProfile(MaxRows) { LastUse = ++_uses };
            _recentId = bucketId;
            _buckets.Add(bucketId, _recent);
            return _recent;
        }
    }
}
