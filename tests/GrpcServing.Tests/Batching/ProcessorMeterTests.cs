using GrpcServing.Batching;
using GrpcServing.Execution;

namespace GrpcServing.Tests.Batching;

public class ProcessorMeterTests
{
    private const long Second = 1000;

    private TimeSpan _used;

    [Theory]
    // Of two cores, the primaries may use one and a half.
    [InlineData(1.4, 0.0, null, true)]
    [InlineData(1.6, 0.0, null, false)]
    // What copies use is not the primaries'.
    [InlineData(1.9, 1.0, null, true)]
    // But it counts against the limit of a container.
    [InlineData(1.2, 1.0, 1.5, true)]
    [InlineData(1.4, 1.0, 1.5, false)]
    public void Look_AfterASecond_ComparesWithCoresAndQuota(double used, double copies, double? quota, bool hasRoom)
    {
        var meter = new ProcessorMeter(() => _used, cores: 2, quota, Second);
        meter.Look(TimeSpan.Zero, now: 0);
        _used = TimeSpan.FromSeconds(used);
        meter.Look(TimeSpan.FromSeconds(copies), now: Second);

        Assert.Equal(hasRoom, meter.HasRoom);
    }

    [Fact]
    public void Look_WithinATenthOfASecond_KeepsTheLastAnswer()
    {
        var meter = new ProcessorMeter(() => _used, cores: 1, quota: null, Second);
        meter.Look(TimeSpan.Zero, now: 0);
        _used = TimeSpan.FromSeconds(1);
        meter.Look(TimeSpan.Zero, now: 99);
        Assert.True(meter.HasRoom);

        meter.Look(TimeSpan.Zero, now: 100);
        Assert.False(meter.HasRoom);
    }

    [Theory]
    [InlineData("150000 100000", 1.5)]
    [InlineData("max 100000", null)]
    [InlineData("-1 100000", null)]
    [InlineData("", null)]
    public void Parse_AsLinuxWritesIt(string text, double? cores) => Assert.Equal(cores, CpuQuota.Parse(text));

    [Fact]
    public void Rate_OverTheLastSecond_ForgetsWhatWasBefore()
    {
        var meter = new RateMeter(Second);
        Assert.Equal(0, meter.Rate(0, 0));
        for (var now = 100; now <= 3000; now += 100) meter.Rate(now, now);
        Assert.Equal(1, meter.Rate(3050, 3050), 2);

        for (var now = 3100; now <= 4200; now += 100) meter.Rate(3050, now);
        Assert.Equal(0, meter.Rate(3050, 4300), 2);
        // Nobody looked for long: the mean since then.
        Assert.Equal(0.1, meter.Rate(3050 + 1000, 14_200), 2);
    }
}
