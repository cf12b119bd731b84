using Google.Protobuf;

namespace GrpcServing.Shadowing;

/// <summary>Chooses which pairs of one shadow are kept, and hands them to the writer.</summary>
internal sealed class ShadowCapture : IShadowCapture
{
    private readonly CaptureWriter _writer;
    private readonly CaptureIds _ids;
    private readonly CaptureTotals _totals;
    private readonly ShadowSides _sides;
    private readonly ShadowSettings _settings;
    private readonly StratifiedReservoir _disagreements;
    private readonly long _shadow;
    private long _offered;
    private long _passedOver;
    private long _dropped;
    private double _fraction;

    public ShadowCapture(CaptureWriter writer, CaptureIds ids, CaptureTotals totals, long shadow, ShadowSides sides, ShadowSettings settings)
    {
        _writer = writer;
        _ids = ids;
        _totals = totals;
        _shadow = shadow;
        _sides = sides;
        _settings = settings;
        _disagreements = new StratifiedReservoir(settings.MaxDisagreements, unchecked((int)shadow));
    }

    public double Fraction
    {
        get => Volatile.Read(ref _fraction);
        set => Volatile.Write(ref _fraction, value);
    }

    public long Offer(in ShadowPair pair, PairComparison comparison)
    {
        _offered++;
        var disagrees = comparison.Disagrees;
        var isSample = IsSampled(pair.Hash);
        if (!disagrees && !isSample)
        {
            _passedOver++;
            return 0;
        }
        if (!_writer.HasRoom) return Drop();
        var id = _ids.Next();
        var replaces = 0L;
        if (disagrees && !_disagreements.TryKeep(pair.Slice, id, out replaces) && !isSample)
        {
            _passedOver++;
            return 0;
        }
        var record = new CaptureRecord(
            id, replaces, pair.At, pair.Slice, disagrees, isSample,
            CaptureEncoder.Request(pair.Request, _sides.Primary).ToByteArray(),
            CaptureEncoder.Answer(pair.Primary, pair.Request.Id)?.ToByteArray(),
            CaptureEncoder.Answer(pair.Candidate, pair.Request.Id)?.ToByteArray(),
            _offered, _passedOver, _dropped);
        return _writer.TryWrite(_shadow, _totals, _settings.MaxCaptureBytes, record) ? id : Drop();
    }

    public async ValueTask DisposeAsync() => await _writer.CountAsync(_shadow, new CaptureCounts(_offered, _passedOver, _dropped, 0, 0, 0)).ConfigureAwait(false);

    private long Drop()
    {
        _dropped++;
        _totals.Dropped(_writer.IsOn);
        return 0;
    }

    /// <summary>By other bits of the hash than those that chose the copy.</summary>
    private bool IsSampled(ulong hash)
    {
        var fraction = Fraction;
        return fraction > 0 && ((hash * 0x9E3779B97F4A7C15UL) >> 11) * (1.0 / (1UL << 53)) < fraction;
    }
}

/// <summary>Numbers the captured requests of a store. Any thread.</summary>
internal sealed class CaptureIds(long last)
{
    private long _last = last;

    public long Next() => Interlocked.Increment(ref _last);
}
