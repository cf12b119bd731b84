using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

public class ShadowThrottleTests
{
    private readonly ShadowThrottle _throttle = new(leastRise: 50);

    [Fact]
    public void Judge_MissesRise_HalvesTheShare()
    {
        _throttle.Judge([Counts(9000, 1000, missed: 300)], [Counts(1000, 1000, missed: 10)]);

        Assert.Equal(0.5, _throttle.Share);
    }

    [Fact]
    public void Judge_TailOfTheQueueTimeRises_HalvesTheShare()
    {
        var slower = Counts(9000, 1000);
        for (var i = 0; i < 500; i++) slower.Times.Add(1200);

        _throttle.Judge([slower], [Counts(1000, 1000)]);

        Assert.Equal(0.5, _throttle.Share);
    }

    [Theory]
    // 3 misses in 900 where 0 in 100 are known: chance.
    [InlineData(900, 1000, 3)]
    // All are slower, but by what nobody would feel.
    [InlineData(9000, 1045, 0)]
    public void Judge_NoHarmThatIsSure_LeavesTheShare(int count, long ticks, int missed)
    {
        _throttle.Judge([Counts(count, ticks, missed)], [Counts(count / 9, 1000)]);

        Assert.Equal(1, _throttle.Share);
    }

    [Fact]
    public void Judge_OneLaneOfSeveralSuffers_HalvesTheShare()
    {
        _throttle.Judge([Counts(900, 1000), Counts(900, 1000, missed: 200)], [Counts(100, 1000), Counts(100, 1000)]);

        Assert.Equal(0.5, _throttle.Share);
    }

    [Fact]
    public void Judge_HarmEnds_GrowsByATenthAMinuteToOne()
    {
        for (var i = 0; i < 10; i++) _throttle.Judge([Counts(900, 1000, missed: 200)], [Counts(100, 1000)]);
        Assert.Equal(ShadowThrottle.LeastShare, _throttle.Share);

        _throttle.Judge([Counts(900, 1000)], [Counts(100, 1000)]);
        Assert.Equal(ShadowThrottle.LeastShare + 0.1, _throttle.Share, 9);
        for (var i = 0; i < 10; i++) _throttle.Judge([Counts(900, 1000)], [Counts(100, 1000)]);
        Assert.Equal(1, _throttle.Share);
    }

    [Fact]
    public void Judge_NoTraffic_IsNoHarm()
    {
        _throttle.Judge([Counts(0, 0)], [Counts(0, 0)]);

        Assert.Equal(1, _throttle.Share);
    }

    [Fact]
    public void IsOff_OneSecondInTenAndNotAlwaysTheSame()
    {
        var off = Enumerable.Range(0, 1000).Where(static second => ShadowThrottle.IsOff(second)).ToArray();

        Assert.Equal(100, off.Length);
        Assert.Equal(100, off.Select(static second => second / 10).Distinct().Count());
        Assert.True(off.Select(static second => second % 10).Distinct().Count() >= 5);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(1000)]
    [InlineData(123_456_789)]
    [InlineData(long.MaxValue / 4)]
    public void Quantile_OfEqualTimes_IsWithinABucket(long ticks)
    {
        var times = new QueueTimes();
        for (var i = 0; i < 10; i++) times.Add(ticks);

        Assert.InRange(times.Quantile(0.99), ticks, ticks + (ticks / 31));
        Assert.Equal(0, times.ShareAbove(ticks));
        Assert.Equal(ticks > 0 ? 1 : 0, times.ShareAbove(ticks - (ticks / 16) - 1));
    }

    [Fact]
    public void Take_CountsOnlyWhatIsNew()
    {
        var meter = new PhaseMeter();
        meter.Started(10, withoutCopies: true);
        meter.Missed(withoutCopies: true);
        Assert.Equal((1, 1L), Both(meter.Take(withoutCopies: true)));
        meter.Started(10, withoutCopies: true);
        meter.Started(10, withoutCopies: false);

        Assert.Equal((1, 0L), Both(meter.Take(withoutCopies: true)));
        Assert.Equal((1, 0L), Both(meter.Take(withoutCopies: false)));

        static (int, long) Both(PhaseCounts counts) => (counts.Times.Count, counts.Missed);
    }

    private static PhaseCounts Counts(int count, long ticks, long missed = 0)
    {
        var times = new QueueTimes();
        for (var i = 0; i < count; i++) times.Add(ticks);
        return new PhaseCounts(times, missed);
    }
}
