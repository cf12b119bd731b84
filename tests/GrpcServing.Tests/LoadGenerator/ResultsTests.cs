using GrpcServing.LoadGenerator.Comparison;

namespace GrpcServing.Tests.LoadGenerator;

public sealed class ResultsTests
{
    [Fact]
    public void Ratio_WhenAWholeRoundIsSlow_IsThatWithinTheRounds()
    {
        // The second round ran at a third of the speed; within each, we are twice as fast.
        var results = new Results([One("deadline", 0, 200), One("naive", 0, 100), One("deadline", 1, 66), One("naive", 1, 33), One("deadline", 2, 220), One("naive", 2, 110)]);

        Assert.Equal(2, results.Ratio("tiny", 64, "deadline", "naive", static sample => sample.PerSecond));
        Assert.Equal(200, results.Median("tiny", 64, "deadline", static sample => sample.PerSecond));
    }

    [Fact]
    public void Ratio_OfRunsThatShareAFile_PairsOnlyWindowsOfOneRun()
    {
        // The third run has nothing to pair.
        var results = new Results(
        [
            One("deadline", 0, 100) with { Run = "a" }, One("naive", 0, 50) with { Run = "a" },
            One("deadline", 0, 10) with { Run = "b" }, One("naive", 0, 5) with { Run = "b" },
            One("naive", 0, 1) with { Run = "c" },
        ]);

        Assert.Equal(2, results.Ratio("tiny", 64, "deadline", "naive", static sample => sample.PerSecond));
    }

    [Fact]
    public void Ratio_OfWhatWasNotMeasured_IsNoNumber() =>
        Assert.Equal(double.NaN, new Results([One("deadline", 0, 100)]).Ratio("tiny", 64, "deadline", "naive", static sample => sample.PerSecond));

    [Fact]
    public void BestTuned_AmongContenders_IsTheFastestOfThePoliciesTunedByHand()
    {
        var results = new Results([One("deadline", 0, 900), One("greedy", 0, 100), One("delay-1ms", 0, 120), One("echo", 0, 1000)]);

        Assert.Equal("delay-1ms", results.BestTuned("tiny", 64));
    }

    [Fact]
    public void RatioToBestTuned_PoliciesThatScatter_IsNotThatToTheLuckiest()
    {
        // All are equally fast, and each of two is lucky in two rounds.
        var results = new Results(
        [
            One("deadline", 0, 100), One("greedy", 0, 130), One("delay-1ms", 0, 100), One("deadline", 1, 100), One("greedy", 1, 130), One("delay-1ms", 1, 100),
            One("deadline", 2, 100), One("greedy", 2, 100), One("delay-1ms", 2, 130), One("deadline", 3, 100), One("greedy", 3, 100), One("delay-1ms", 3, 130),
        ]);

        Assert.NotEqual(1, results.Ratio("tiny", 64, "deadline", results.BestTuned("tiny", 64)!, static sample => sample.PerSecond));
        Assert.Equal(1, results.RatioToBestTuned("tiny", 64));
    }

    [Fact]
    public void RatioToBestTuned_OneIsFaster_IsThatToIt()
    {
        var results = new Results(
        [
            One("deadline", 0, 100), One("greedy", 0, 90), One("delay-1ms", 0, 125),
            One("deadline", 1, 50), One("greedy", 1, 45), One("delay-1ms", 1, 62.5),
        ]);

        Assert.Equal(0.8, results.RatioToBestTuned("tiny", 64));
        Assert.Equal(double.NaN, results.RatioToBestTuned("mid", 64));
    }

    [Fact]
    public void Targets_ThatWereMeasured_AreJudged()
    {
        var results = new Results([One("deadline", 0, 100), One("naive", 0, 75), One("greedy", 0, 110), One("echo", 0, 300) with { CpuMicroseconds = 8 }]);

        var targets = Target.All(results).Where(static target => target.IsMeasured).ToDictionary(static target => $"{target.What} {target.Required}");

        Assert.Equal(4, targets.Count);
        Assert.False(targets["tiny at 64: CPU per request, of the echo's 1.15"].IsReached);
        Assert.False(targets["tiny at 64: requests/s, of naive 1.4"].IsReached);
        Assert.True(targets["tiny at 64: requests/s, of naive 0.97"].IsReached);
        Assert.False(targets["tiny at 64: requests/s, of the best policy (greedy) 0.97"].IsReached);
    }

    [Fact]
    public void Report_OfSamples_HasATableForEachModelAndWhatIsMissed()
    {
        var report = ComparisonReport.Write([One("deadline", 0, 100), One("naive", 0, 200), One("deadline", 0, 50) with { Model = "mid" }]);

        Assert.Contains("| tiny at 64: requests/s, of naive | >= 0.97 | 0.500 | missed |", report, StringComparison.Ordinal);
        Assert.Contains("## mid", report, StringComparison.Ordinal);
        Assert.Contains("| 64 | deadline | 100 | 0.50x |", report, StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_ThroughAFile_StaysWhatItWas()
    {
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            Sample[] samples = [One("deadline", 0, 100), One("best", 1, 2.5) with { CpuMicroseconds = double.NaN }];
            foreach (var sample in samples) sample.AppendTo(file);

            Assert.Equal(samples, Sample.Read(file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Sample One(string contender, int round, double perSecond) => new("run", "tiny", 64, contender, round, perSecond, CpuMicroseconds: 10, double.NaN, RowsPerBatch: 8, AllocatedBytes: 1000, Gen2Collections: 0, Failed: 0);
}
