using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

/// <summary>The numbers of reference section 3.1, and what the test promises beyond them.</summary>
public sealed class BetaBinomialTestTests
{
    public static MatrixTheoryData<double, double> BudgetsAndAlphas => new([1e-6, 1e-3, .01, .5], [1e-9, .05, .5]);

    [Theory]
    [InlineData(0, "Pass", 473, 0, 2.9997897175)]
    [InlineData(500, "Pass", 473, 0, 2.9997897175)]
    [InlineData(200, "Pass", 2566, 12, 2.9987771321)]
    [InlineData(50, "Fail", 1300, 26, 3.0730168244)]
    [InlineData(20, "Fail", 140, 7, 2.9998585551)]
    public void Observe_EveryKthIsAOne_DecidesAtThePublishedPair(int every, string verdict, long at, long ones, double logE)
    {
        var test = new BetaBinomialTest(.01, .05);

        for (var i = 1; test.Verdict == Verdict.Undecided; i++) test.Observe(every > 0 && i % every == 0);

        Assert.Equal(verdict, test.Verdict.ToString());
        Assert.Equal(at, test.DecidedAt);
        Assert.Equal(ones, test.Ones);
        Assert.Equal(logE, test.LogE, 1e-9);
    }

    [Theory]
    [InlineData(0, 472, 0, .0100088997)]
    [InlineData(0, 473, 0, .0099915076)]
    [InlineData(5, 1000, .0009807269, .0143661373)]
    [InlineData(250, 10000, .0198053773, .0310073649)]
    public void Interval_OfTheDefaultPrior_IsThePublishedOne(int ones, int observations, double lower, double upper)
    {
        var interval = Observed(new BetaBinomialTest(.01, .05), ones, observations).Interval();

        Assert.Equal(lower, interval.Lower, 1e-9);
        Assert.Equal(upper, interval.Upper, 1e-9);
    }

    [Fact]
    public void Interval_OfTheJeffreysPrior_IsThePublishedOne()
    {
        var (lower, upper) = Observed(new BetaBinomialTest(.01, .05, .5, .5), 25, 1000).Interval();

        Assert.Equal(.0109588595, lower, 1e-9);
        Assert.Equal(.0474192075, upper, 1e-9);
    }

    [Theory]
    [InlineData(.01, 680)]
    [InlineData(.005, 1438)]
    [InlineData(.001, 8062)]
    public void Observe_OnlyZerosUnderTheJeffreysPrior_PassesAtThePublishedPair(double budget, long at)
    {
        var test = new BetaBinomialTest(budget, .05, .5, .5);

        while (test.Verdict == Verdict.Undecided) test.Observe(false);

        Assert.Equal(Verdict.Pass, test.Verdict);
        Assert.Equal(at, test.DecidedAt);
    }

    /// <summary>confseq's C++ gives these for 25 of 1000: the same family, with a prior Beta(r/(1-p), r/p) that moves with p.</summary>
    [Theory]
    [InlineData(.0125087910)]
    [InlineData(.0426580749)]
    public void LogE_UnderHowardsPrior_ReachesTheThresholdWhereConfseqEnds(double p)
    {
        var variance = p * (1 - p);
        var r = PairedDifferences.BestRho(1000 * variance, .05) - variance;

        var test = Observed(new BetaBinomialTest(p, .05, r / (1 - p), r / p), 25, 1000);

        // The published end has ten decimals; one of them is worth some 1e-7 in ln M here.
        Assert.Equal(Math.Log(20), test.LogE, 1e-6);
    }

    /// <summary>Closed form with 50 digits (mpmath); ones at even distances.</summary>
    [Theory]
    [InlineData(.01, 10_000, 1_000_000, -4.68628173436523146)]
    [InlineData(.01, 0, 1_000_000, 10041.1153637985117)]
    [InlineData(.01, 1_000_000, 1_000_000, 4604161.57969838665)]
    [InlineData(.000001, 20, 1_000_000, 28.7796206693983441)]
    [InlineData(.5, 500_000, 1_000_000, -6.68196467633690962)]
    [InlineData(.5, 500_600, 1_000_000, -5.96196522353684849)]
    public void LogE_AfterAMillionObservations_HasLostNothing(double budget, int ones, int observations, double logE)
    {
        var test = Observed(new BetaBinomialTest(budget, .05), ones, observations);

        Assert.Equal(logE, test.LogE, Math.Max(1e-10, Math.Abs(logE) * 1e-13));
    }

    [Theory]
    [MemberData(nameof(BudgetsAndAlphas))]
    public void Interval_AtAnyBudgetAndAlpha_HoldsTheRateAndIsFinite(double budget, double alpha)
    {
        foreach (var (ones, observations) in new[] { (0, 0), (0, 1), (1, 1), (0, 100_000), (100_000, 100_000), (1, 100_000), (99_999, 100_000), (37, 5000) })
        {
            var test = Observed(new BetaBinomialTest(budget, alpha), ones, observations);

            var (lower, upper) = test.Interval();

            var rate = observations == 0 ? budget : (double)ones / observations;
            Assert.True(0 <= lower && lower <= rate && rate <= upper && upper <= 1, $"{ones} of {observations}: [{lower}, {upper}]");
            Assert.True(double.IsFinite(test.LogE) && test.AlwaysValidP is >= 0 and <= 1);
            // Where the interval ends is where the evidence reaches 1/alpha.
            if (lower > 0) Assert.Equal(-Math.Log(alpha), test.LogEAt(lower), 1e-6);
            // Next to 1 a double has only so many digits left for 1 - upper.
            if (upper < 1) Assert.Equal(-Math.Log(alpha), test.LogEAt(upper), upper > 1 - 1e-9 ? 1e-2 : 1e-6);
        }
    }

    [Fact]
    public void AlwaysValidP_AfterEvidenceWasLost_StaysAtItsLeast()
    {
        var test = Observed(new BetaBinomialTest(.01, .05), 0, 400);
        var least = test.AlwaysValidP;

        for (var i = 0; i < 4; i++) test.Observe(true);

        Assert.Equal(Math.Exp(-test.GreatestLogE), least);
        Assert.Equal(least, test.AlwaysValidP);
        Assert.True(test.LogE < test.GreatestLogE);
    }

    [Fact]
    public void Verdict_OnceGiven_StaysWhateverComes()
    {
        var test = Observed(new BetaBinomialTest(.01, .05), 0, 473);

        for (var i = 0; i < 500; i++) test.Observe(true);

        Assert.Equal(Verdict.Pass, test.Verdict);
        Assert.Equal(473, test.DecidedAt);
        Assert.True(test.IsAbove);
    }

    [Theory]
    [InlineData(0, .05)]
    [InlineData(1, .05)]
    [InlineData(double.NaN, .05)]
    [InlineData(.01, 0)]
    [InlineData(.01, 1)]
    public void Constructor_RateOutsideItsRange_IsRefused(double budget, double alpha) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BetaBinomialTest(budget, alpha));

    /// <summary>The argument for error control: the same look, after every pair, with and without it.</summary>
    [Fact]
    public void Verdicts_OfRunsAtTheBudgetRate_AreWrongInAtMostAlphaOfThem()
    {
        const int Runs = 2000;
        var random = new Random(20260917);
        var (wrong, naiveWrong) = (0, 0);
        for (var run = 0; run < Runs; run++)
        {
            var test = new BetaBinomialTest(.01, .05);
            var naive = false;
            for (var n = 1; n <= 3000; n++)
            {
                test.Observe(random.NextDouble() < .01);
                if (n % 100 == 0) naive |= OutsideWilson(.01, (double)test.Ones / n, n);
            }
            if (test.Verdict != Verdict.Undecided) wrong++;
            if (naive) naiveWrong++;
        }

        Assert.InRange(wrong, 1, Runs * .05);
        // 39.4 % of runs of 20,000 pairs, fewer of these shorter ones.
        Assert.True(naiveWrong > Runs * .15, $"{naiveWrong}");
    }

    /// <summary>Medians of the reference, in pairs; half the runs are within a few percent of them.</summary>
    [Theory]
    [InlineData(.02, .01, 1099)]
    [InlineData(.03, .01, 347)]
    [InlineData(.002, .01, 718)]
    [InlineData(.02, .005, 417)]
    public void DecidedAt_OfManyRuns_HasThePublishedMedian(double rate, double budget, double median)
    {
        var random = new Random(7);
        var decided = new long[600];
        for (var run = 0; run < decided.Length; run++)
        {
            var test = new BetaBinomialTest(budget, .05);
            while (test.Verdict == Verdict.Undecided) test.Observe(random.NextDouble() < rate);
            decided[run] = Math.Max(300, test.DecidedAt!.Value);
        }
        Array.Sort(decided);

        Assert.InRange(decided[decided.Length / 2], median * .87, median * 1.13);
    }

    private static BetaBinomialTest Observed(BetaBinomialTest test, int ones, int observations)
    {
        for (var i = 1L; i <= observations; i++) test.Observe(i * ones / observations > (i - 1) * ones / observations);
        Assert.Equal((ones, observations), (test.Ones, test.Observations));
        return test;
    }

    private static bool OutsideWilson(double p, double rate, double n) => Math.Abs(rate - p) > 1.959963984540054 * Math.Sqrt(p * (1 - p) / n);
}
