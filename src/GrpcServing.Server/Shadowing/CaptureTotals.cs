using System.Collections.Concurrent;

namespace GrpcServing.Shadowing;

/// <summary>What became of the requests of one model that were to be captured, since the server started, and what is kept of them now. Any thread.</summary>
internal sealed class CaptureTotals(string model)
{
    private long _stored;
    private long _replaced;
    private long _evicted;
    private long _behind;
    private long _off;
    private long _bytes;

    public string Model { get; } = model;

    /// <summary>Requests that are, or were, on the disk.</summary>
    public long Stored => Volatile.Read(ref _stored);

    /// <summary>Of those, made room for a later disagreement of the sample.</summary>
    public long Replaced => Volatile.Read(ref _replaced);

    /// <summary>Of those, made room under the limit on bytes.</summary>
    public long Evicted => Volatile.Read(ref _evicted);

    /// <summary>Not taken because the disk could not keep up.</summary>
    public long DroppedBehind => Volatile.Read(ref _behind);

    /// <summary>Not taken because the store had failed.</summary>
    public long DroppedOff => Volatile.Read(ref _off);

    /// <summary>On the disk now.</summary>
    public long Bytes
    {
        get => Volatile.Read(ref _bytes);
        set => Volatile.Write(ref _bytes, value);
    }

    public void Add(long stored, long replaced, long evicted)
    {
        Interlocked.Add(ref _stored, stored);
        Interlocked.Add(ref _replaced, replaced);
        Interlocked.Add(ref _evicted, evicted);
    }

    /// <param name="isOn">False once the store has failed.</param>
    public void Dropped(bool isOn) => Interlocked.Increment(ref isOn ? ref _behind : ref _off);
}

/// <summary>The totals of every model that ever had a shadow here, and how often the store failed. Any thread.</summary>
internal sealed class CaptureTotalsTable
{
    private readonly ConcurrentDictionary<string, CaptureTotals> _models = new(StringComparer.Ordinal);
    private long _failures;

    public IEnumerable<CaptureTotals> All => _models.Values;

    /// <summary>Times that the store could not be opened or written.</summary>
    public long Failures => Volatile.Read(ref _failures);

    public CaptureTotals Of(string model) => _models.GetOrAdd(model, static name => new CaptureTotals(name));

    public void Failed() => Interlocked.Increment(ref _failures);
}
