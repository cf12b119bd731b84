using System.Diagnostics.Metrics;
using GrpcServing.Models;
using GrpcServing.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace GrpcServing.Tests.Telemetry;

/// <summary>Whoever listens to the meter gets every value once, in its bucket, and the exact sum.</summary>
public sealed class HistogramFeedTests : IDisposable
{
    private static readonly ServingSnapshot Nothing = new([], ModelTable.Empty, []);

    private readonly Meter _meter = new(nameof(HistogramFeedTests));
    private readonly FakeTimeProvider _time = new();
    private readonly List<double> _heard = [];
    private readonly MeterListener _listener = new();
    private readonly Distribution _counted = new([1, 2]);
    private readonly HistogramFeed _feed;

    public HistogramFeedTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == _meter) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, value, _, _) => _heard.Add(value));
        var family = new MetricFamily("a", MetricKind.Histogram, "s", "A", _ => [new Sample([], 0, _counted.Snapshot())]) { Bounds = [1, 2] };
        _feed = new HistogramFeed(_meter, [family], () => Nothing, _time);
    }

    [Fact]
    public void Feed_ValuesInBuckets_AreHandedOnOnceWithTheirSum()
    {
        _listener.Start();
        foreach (var value in new[] { 0.25, 0.75, 1.5, 7 }) _counted.Add(value);
        _feed.Feed(Nothing);
        _counted.Add(2);
        _feed.Feed(Nothing);
        _feed.Feed(Nothing);

        Assert.Equal([0.5, 0.5, 1.5, 7, 2], _heard);
    }

    [Fact]
    public void Feed_ManyEqualValuesAtABound_StayInItsBucket()
    {
        _listener.Start();
        var counted = new Distribution([0.1, 0.2]);
        for (var i = 0; i < 1_000_000; i++) counted.Add(0.1);
        using var feed = new HistogramFeed(_meter, [new MetricFamily("b", MetricKind.Histogram, "s", "B", _ => [new Sample([], 0, counted.Snapshot())]) { Bounds = [0.1, 0.2] }], () => Nothing, _time);

        feed.Feed(Nothing);

        Assert.Equal(1_000_000, _heard.Count(static value => value <= 0.1));
    }

    [Fact]
    public void Timer_WhileSomebodyListens_HandsOnEverySecond()
    {
        _listener.Start();
        _counted.Add(1);

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal([1], _heard);
    }

    /// <summary>Else the first look of a diagnostic tool would be answered with everything since the start.</summary>
    [Fact]
    public void Feed_ToOneWhoComesLater_BeginsWithThat()
    {
        for (var i = 0; i < 100; i++) _counted.Add(1);
        _time.Advance(TimeSpan.FromSeconds(1));
        _listener.Start();
        _feed.Feed(Nothing);
        Assert.Empty(_heard);

        _counted.Add(1);
        _feed.Feed(Nothing);

        Assert.Equal([1], _heard);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _feed.Dispose();
        _meter.Dispose();
    }
}
