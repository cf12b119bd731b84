using System.Collections.Concurrent;
using System.Collections.Immutable;
using GrpcServing.Routing;

namespace GrpcServing.Shadowing;

/// <summary>One slice of the traffic and how many of its requests were eligible. Any thread.</summary>
internal sealed class SliceCount(string name)
{
    private long _eligible;

    /// <summary>The parameter's value; "" where there are no slices.</summary>
    public string Name { get; } = name;

    public long Eligible => Volatile.Read(ref _eligible);

    public void CountEligible() => Interlocked.Increment(ref _eligible);
}

/// <summary>Tells the slices of the traffic apart by the value of one request parameter.</summary>
/// <remarks>
/// Any thread. Bounded whatever callers send: <see cref="MaxSlices"/> values of at most <see cref="SliceTable.MaxValueLength"/> characters;
/// everything else counts together as <see cref="OtherName"/>. A request without the parameter is in the slice "".
/// </remarks>
internal sealed class SliceCounts(string parameter)
{
    public const int MaxSlices = 64;

    public const string OtherName = "other";

    private readonly ConcurrentDictionary<string, SliceCount> _slices = new(StringComparer.Ordinal);
    private readonly SliceCount _unnamed = new("");
    private readonly SliceCount _other = new(OtherName);
    private int _taken;

    /// <summary>Those seen, in no order.</summary>
    public IEnumerable<SliceCount> All => _slices.Values.Append(_unnamed).Append(_other).Where(static slice => slice.Eligible > 0);

    public SliceCount Of(ImmutableArray<RequestParameter> parameters)
    {
        if (parameter.Length == 0) return _unnamed;
        foreach (var given in parameters)
            if (given.Name == parameter) return Named(given.Value);
        return _unnamed;
    }

    private SliceCount Named(string value)
    {
        if (value.Length == 0) return _unnamed;
        if (value == OtherName) return _other;
        if (_slices.TryGetValue(value, out var known)) return known;
        if (value.Length > SliceTable.MaxValueLength || Volatile.Read(ref _taken) >= MaxSlices || Interlocked.Increment(ref _taken) > MaxSlices) return _other;
        return _slices.GetOrAdd(value, static name => new SliceCount(name));
    }
}
