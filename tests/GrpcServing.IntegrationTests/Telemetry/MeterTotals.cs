using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Telemetry;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>Listens to the meter of one server from the start, as an exporter does.</summary>
internal sealed class MeterTotals : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, double> _observed = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (long Count, double Sum)> _recorded = new(StringComparer.Ordinal);

    public MeterTotals(RunningServer server)
    {
        // Other tests run servers in this process too: the scope tells whose meter it is.
        var factory = server.Service<IMeterFactory>();
        server.Service<ServingMetrics>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == ServingMetrics.MeterName && ReferenceEquals(instrument.Meter.Scope, factory)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _observed[Key(instrument.Name, tags)] = value);
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            if (instrument.IsObservable) _observed[Key(instrument.Name, tags)] = value;
            else _recorded.AddOrUpdate(Key(instrument.Name, tags), (1, value), (_, total) => (total.Count + 1, total.Sum + value));
        });
        _listener.Start();
    }

    public double Counter(string name, params (string Label, string Value)[] labels)
    {
        _listener.RecordObservableInstruments();
        return _observed.GetValueOrDefault(Key(name, labels));
    }

    public (long Count, double Sum) Histogram(string name, params (string Label, string Value)[] labels)
    {
        _listener.RecordObservableInstruments();
        return _recorded.GetValueOrDefault(Key(name, labels));
    }

    public void Dispose() => _listener.Dispose();

    private static string Key(string name, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        Key(name, [.. tags.ToArray().Select(static tag => (tag.Key, (string)tag.Value!))]);

    private static string Key(string name, (string Label, string Value)[] labels) =>
        $"{name}{{{string.Join(',', labels.OrderBy(static label => label.Label, StringComparer.Ordinal).Select(static label => $"{label.Label}={label.Value}"))}}}";
}
