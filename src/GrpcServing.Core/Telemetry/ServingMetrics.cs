using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Text;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary>The metrics of the server: for Prometheus as text, and as instruments of one meter for everybody else (OTLP).</summary>
/// <remarks>
/// <para>
/// Both read the same numbers, which are counted once for a batch whether anybody asks or not. An instrument costs nothing until it is
/// listened to; histograms then receive, in the background, what the counts have gained (<see cref="HistogramFeed"/>).
/// </para>
/// <para>Any thread.</para>
/// </remarks>
public sealed class ServingMetrics : IDisposable
{
    public const string MeterName = "GrpcServing";

    // A collection asks instrument after instrument: they share one reading.
    private static readonly TimeSpan SharedFor = TimeSpan.FromMilliseconds(10);

    private readonly Lock _reading = new();
    private readonly Meter _meter;
    private readonly ModelRepository _repository;
    private readonly StatisticsRegistry _registry;
    private readonly TimeProvider _time;
    private readonly TurnedAwayRequests _turnedAway = new();
    private readonly ImmutableArray<MetricFamily> _families;
    private readonly ImmutableArray<MetricFamily> _foreign;
    private readonly HistogramFeed _feed;
    private ServingSnapshot? _shared;
    private long _sharedAt;

    public ServingMetrics(IMeterFactory meters, ModelRepository repository, StatisticsRegistry registry, TimeProvider time)
    {
        _meter = meters.Create(MeterName);
        _repository = repository;
        _registry = registry;
        _time = time;
        _families = new ServingFamilies(time.TimestampFrequency).All;
        _foreign = new TritonFamilies(time.TimestampFrequency).All;
        _feed = new HistogramFeed(_meter, [.. _families.Where(static family => family.Kind == MetricKind.Histogram)], Read, time);
        foreach (var family in _families) CreateInstrument(family);
    }

    /// <summary>Every metric, Triton's excluded.</summary>
    public ImmutableArray<MetricFamily> Families => _families;

    /// <summary>A request was answered with an error before a version was known.</summary>
    /// <param name="model">As sent: only a name that the repository knows becomes a label.</param>
    public void TurnedAway(string model, ErrorReason reason) => _turnedAway.Record(_repository.Table.Find(model)?.Name ?? "", reason);

    /// <summary>A request could not be read to its end: it was too large, or its caller went.</summary>
    public void Unread(bool callerHasGone) => _turnedAway.Record("", callerHasGone ? ErrorReason.Cancelled : ErrorReason.InvalidArgument);

    /// <summary>All numbers at this instant.</summary>
    public ServingSnapshot Read() => new(_registry.Snapshot(), _repository.Table, _turnedAway.Snapshot());

    /// <summary>Everything, Triton's names included, without an end mark.</summary>
    public string WriteText(bool openMetrics)
    {
        var text = new StringBuilder();
        PrometheusText.Write(text, _families.Concat(_foreign), Read(), openMetrics);
        return text.ToString();
    }

    public void Dispose()
    {
        _feed.Dispose();
        _meter.Dispose();
    }

    private void CreateInstrument(MetricFamily family)
    {
        var isWhole = family.Unit != "s";
        switch (family.Kind)
        {
            case MetricKind.Counter when isWhole:
                _meter.CreateObservableCounter(family.Name, () => Observe(family, static value => (long)value), family.Unit, family.Description);
                break;
            case MetricKind.Counter:
                _meter.CreateObservableCounter(family.Name, () => Observe(family, static value => value), family.Unit, family.Description);
                break;
            case MetricKind.Gauge:
                _meter.CreateObservableGauge(family.Name, () => Observe(family, static value => (long)value), family.Unit, family.Description);
                break;
        }
    }

    private IEnumerable<Measurement<T>> Observe<T>(MetricFamily family, Func<double, T> convert)
        where T : struct
    {
        var snapshot = ReadShared();
        return family.Read(snapshot).Select(sample => new Measurement<T>(convert(sample.Value), sample.Tags));
    }

    /// <summary>The reading of the collection that is under way. A new one feeds the histograms too, which a collection reads last.</summary>
    private ServingSnapshot ReadShared()
    {
        lock (_reading)
        {
            var now = _time.GetTimestamp();
            if (_shared is not null && _time.GetElapsedTime(_sharedAt, now) < SharedFor) return _shared;
            _shared = Read();
            _sharedAt = now;
            _feed.Feed(_shared);
            return _shared;
        }
    }
}
