using GrpcServing.LoadGenerator;

namespace GrpcServing.Tests.LoadGenerator;

public sealed class ScheduleTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Create_ByVariation_HasTheRateAndTheVariation(double variation)
    {
        var schedule = Schedule.Create(new LoadOptions { Rate = 1000, Warmup = 0, Duration = 400, GapVariation = variation });

        double[] gaps = [.. schedule.Zip(schedule.Skip(1)).Select(static pair => pair.Second.At - pair.First.At)];
        var mean = gaps.Average();
        Assert.InRange(mean * 1000, 0.95, 1.05);
        Assert.InRange(Math.Sqrt(gaps.Average(gap => Math.Pow(gap - mean, 2))) / mean, (variation * 0.93) - 1e-6, (variation * 1.07) + 1e-6);
    }

    /// <summary>Of gaps with variation 1, as many are longer than the mean as of an exponential: 1/e.</summary>
    [Fact]
    public void Create_Poisson_HasExponentialGaps()
    {
        var schedule = Schedule.Create(new LoadOptions { Rate = 1000, Warmup = 0, Duration = 100 });

        var longer = schedule.Zip(schedule.Skip(1)).Count(static pair => pair.Second.At - pair.First.At > 0.001);
        Assert.InRange((double)longer / schedule.Count, 0.355, 0.381);
    }

    [Fact]
    public void Create_WithABurst_MultipliesTheRateThereAndOnlyThere()
    {
        var schedule = Schedule.Create(new LoadOptions { Rate = 1000, Warmup = 1, Duration = 9, GapVariation = 0, Burst = new Burst(Start: 3, Length: 2, Factor: 5) });

        Assert.InRange(schedule.Count(static intended => intended.At is >= 4 and < 6), 9_990, 10_010);
        Assert.InRange(schedule.Count(static intended => intended.At is < 4 or >= 6), 7_990, 8_010);
    }

    [Fact]
    public void Create_WithAMixOfDeadlines_GivesEachItsShare()
    {
        var schedule = Schedule.Create(new LoadOptions { Rate = 1000, Warmup = 0, Duration = 50, Deadlines = [new DeadlineShare(0.02, 3), new DeadlineShare(0, 1)] });

        Assert.InRange((double)schedule.Count(static intended => intended.Deadline > 0) / schedule.Count, 0.73, 0.77);
    }

    [Fact]
    public void Create_BySeed_IsTheSameAgain()
    {
        var options = new LoadOptions { Rate = 100, Duration = 5 };

        Assert.Equal(Schedule.Create(options), Schedule.Create(options));
        Assert.NotEqual(Schedule.Create(options), Schedule.Create(options with { Seed = 2 }));
    }
}
