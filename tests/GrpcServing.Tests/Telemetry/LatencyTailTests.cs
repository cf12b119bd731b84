using GrpcServing.Telemetry;

namespace GrpcServing.Tests.Telemetry;

public class LatencyTailTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void Record_FewRequests_NoneIsSlow()
    {
        var tail = new LatencyTail(Second);

        Assert.DoesNotContain(true, Enumerable.Range(0, 99).Select(i => tail.Record(i * Second, 100 * Second)));
    }

    [Fact]
    public void Record_SpreadEvenly_ThoseBeyondThe99thPercentileAreSlow()
    {
        var tail = new LatencyTail(Second);
        for (var i = 1; i <= 10_000; i++) tail.Record(i * 1000, 100 * Second);
        tail.Record(1, 101 * Second);

        // Buckets are an eighth of an octave wide: the threshold lies up to 12.5 % above the percentile.
        Assert.False(tail.Record(9_900_000, 101 * Second));
        Assert.True(tail.Record(11_500_000, 101 * Second));
    }

    [Fact]
    public void Record_AMinuteLater_WhatWasSlowThenIsForgotten()
    {
        var tail = new LatencyTail(Second);
        for (var i = 0; i < 1000; i++) tail.Record(1_000_000, 100 * Second);
        tail.Record(1_000_000, 102 * Second);
        Assert.True(tail.Record(5_000_000, 102 * Second));

        for (var i = 0; i < 1000; i++) tail.Record(10_000_000, 200 * Second);
        tail.Record(10_000_000, 202 * Second);

        Assert.False(tail.Record(10_000_000, 202 * Second));
        Assert.True(tail.Record(20_000_000, 202 * Second));
    }
}
