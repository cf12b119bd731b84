using System.Diagnostics;
using GrpcServing.Telemetry;

namespace GrpcServing.Tests.Telemetry;

public sealed class DistributionTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.0001, 0)]
    [InlineData(0.00010001, 1)]
    [InlineData(0.1, 9)]
    [InlineData(10, 15)]
    [InlineData(10.5, 16)]
    [InlineData(double.PositiveInfinity, 16)]
    public void Add_Value_CountsToTheFirstBoundThatItDoesNotExceed(double value, int bucket)
    {
        var distribution = new Distribution(Buckets.Seconds);

        distribution.Add(value);

        var counts = distribution.Snapshot().Counts;
        Assert.Equal(1, counts.Sum());
        Assert.Equal(1, counts[bucket]);
    }

    [Fact]
    public void Plus_TwoSnapshots_AddsCountsAndSumsAndKeepsTheNewerExemplar()
    {
        var (before, after) = (new Distribution(Buckets.Seconds), new Distribution(Buckets.Seconds));
        before.Add(0.2);
        before.Illustrate(Exemplar(0.2));
        before.Add(3);
        before.Illustrate(Exemplar(3));
        after.Add(0.21);
        after.Illustrate(Exemplar(0.21));

        var total = before.Snapshot().Plus(after.Snapshot());

        Assert.Equal(3, total.Count);
        Assert.Equal(3.41, total.Sum, 12);
        Assert.Equal([0.21, 3], total.Exemplars.Where(static exemplar => !exemplar.IsNone).Select(static exemplar => exemplar.Value));
    }

    [Theory]
    [InlineData(1, "1")]
    [InlineData(2, "2")]
    [InlineData(3, "3-4")]
    [InlineData(4, "3-4")]
    [InlineData(5, "5-8")]
    [InlineData(64, "33-64")]
    [InlineData(65, "65-128")]
    [InlineData(65_536, "32769-65536")]
    [InlineData(1_000_000, "32769-65536")]
    public void SizeClass_Rows_HasTheirLabel(int rows, string label) => Assert.Equal(label, SizeClass.Labels[SizeClass.Of(rows)]);

    private static Exemplar Exemplar(double value) => new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), value, 1);
}
