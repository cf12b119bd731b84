using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

/// <summary>The numbers of reference sections 3.2 to 3.5.</summary>
public sealed class SequentialTests
{
    private static readonly double[] Ten = [.5, .6, .4, .55, .7, .45, .5, .65, .35, .6];

    [Theory]
    [InlineData(6, 0, 9.142857)]
    [InlineData(10, 0, 93.090909)]
    [InlineData(15, 5, 3.220601)]
    [InlineData(30, 10, 31.636906)]
    public void McNemar_OfCounts_IsThePublishedEvidence(int first, int second, double e)
    {
        var test = new McNemarTest(.05);

        for (var i = 0; i < first; i++) test.Observe(true);
        for (var i = 0; i < second; i++) test.Observe(false);

        Assert.Equal(e, Math.Exp(test.LogE), 5e-7);
        Assert.Equal((first, second), (test.First, test.Second));
    }

    [Fact]
    public void McNemar_SixToNone_IsExactlyThe64Sevenths()
    {
        var test = new McNemarTest(.05);

        for (var i = 0; i < 6; i++) test.Observe(true);

        Assert.Equal(64.0 / 7, Math.Exp(test.LogE), 1e-12);
    }

    [Fact]
    public void EmpiricalBernstein_OfAHundredNumbers_IsThePublishedInterval()
    {
        var sequence = new EmpiricalBernstein(.05);

        foreach (var x in Stream(100)) sequence.Observe(x);

        Assert.Equal(.0751786354, sequence.Margin, 1e-9);
        Assert.Equal(.5258213646, sequence.Interval().Lower, 1e-9);
        Assert.Equal(.6761786354, sequence.Interval().Upper, 1e-9);
    }

    [Fact]
    public void EmpiricalBernstein_OfTenNumbers_IsThePublishedIntervalCutToTheUnit()
    {
        var sequence = new EmpiricalBernstein(.05);

        foreach (var x in Ten) sequence.Observe(x);

        Assert.Equal(.53, sequence.Estimate, 1e-9);
        Assert.Equal(.7429252292, sequence.Margin, 1e-9);
        Assert.Equal((0, 1), sequence.Interval());
    }

    [Theory]
    [InlineData(10, .9778166987)]
    [InlineData(50, 4.7566688879)]
    [InlineData(100, 9.4840670770)]
    public void Betting_AgainstOneHalf_IsThePublishedEvidence(int count, double logE)
    {
        var test = new BettingTest(.5, .05);

        foreach (var x in Stream(count)) test.Observe(x);

        Assert.Equal(logE, test.LogEAbove, 1e-9);
    }

    [Fact]
    public void Betting_OfTenNumbersAgainstTwoFifths_IsThePublishedEvidence()
    {
        var test = new BettingTest(.4, .05);

        foreach (var x in Ten) test.Observe(x);

        Assert.Equal(4.2214428540, Math.Exp(test.LogEAbove), 1e-9);
    }

    [Theory]
    [InlineData(100, .5576490956, .6309162948)]
    [InlineData(1000, .5938088727, .6059609648)]
    public void HedgedInterval_OfTheStream_IsThePublishedOne(int count, double lower, double upper)
    {
        var interval = BettingTest.HedgedInterval(Stream(count), .05);

        Assert.Equal(lower, interval.Lower, 1e-9);
        Assert.Equal(upper, interval.Upper, 1e-9);
    }

    [Theory]
    [InlineData(100, 6.7088423480)]
    [InlineData(200, 232.9197225219)]
    public void MixtureSprt_OfAMean_IsThePublishedEvidence(int count, double e) =>
        Assert.Equal(e, Math.Exp(PairedDifferences.LogE(count, .3, 1, .01)), 1e-9);

    [Fact]
    public void AsymptoticSequence_AtItsOptimum_HasThePublishedMargin()
    {
        Assert.Equal(.0079361546, 1 / PairedDifferences.BestRho(1000, .05), 1e-9);
        Assert.Equal(.0959817358, PairedDifferences.Margin(1000, 1, .05, 1000), 1e-9);
    }

    [Fact]
    public void NormalMixture_AtItsOptimum_IsHowardsBoundary()
    {
        Assert.Equal(12.6005609793, PairedDifferences.BestRho(100, .05), 1e-9);
        Assert.Equal(30.3520899038, PairedDifferences.NormalMixtureBoundary(100, .05, 12.6005609793), 1e-9);
    }

    [Fact]
    public void PairedDifferences_OfNumbers_AgreeWithTheClosedForms()
    {
        var differences = new PairedDifferences();
        double[] values = [.1, -.2, .4, .3, 0, .6];

        foreach (var value in values) differences.Observe(value);

        Assert.Equal(.2, differences.Mean, 1e-12);
        Assert.Equal(.084, differences.Variance, 1e-12);
        Assert.Equal(PairedDifferences.LogE(6, .2, .084, .01), differences.LogE(.01), 1e-12);
        Assert.Equal(.2 - PairedDifferences.Margin(6, Math.Sqrt(.084), .05, 100), differences.Interval(.05, 100).Lower, 1e-12);
    }

    [Theory]
    [InlineData(1, .5)]
    [InlineData(4, 1)]
    [InlineData(100, 1)]
    [InlineData(.25, 0)]
    public void ExecutionRatio_OfARatio_LiesInTheUnit(double ratio, double unit)
    {
        Assert.Equal(unit, ExecutionRatio.ToUnit(ratio), 1e-12);
        Assert.Equal(Math.Clamp(ratio, .25, 4), ExecutionRatio.FromUnit(ExecutionRatio.ToUnit(ratio)), 1e-12);
    }

    [Fact]
    public void LogAverage_OfEvidence_IsThatOfTheMean() =>
        Assert.Equal(Math.Log((1 + 3 + 8) / 3.0), EValues.LogAverage([0, Math.Log(3), Math.Log(8)]), 1e-12);

    /// <summary>K/(alpha k) at K = 4, alpha = .05: 80, 40, 26.7, 20.</summary>
    [Theory]
    [InlineData(new[] { 79.0, 39, 26, 19 }, "")]
    [InlineData(new[] { 80.0, 1, 1, 1 }, "0")]
    [InlineData(new[] { 1, 41.0, 1, 45 }, "1 3")]
    [InlineData(new[] { 30.0, 27, 28, 1 }, "0 1 2")]
    [InlineData(new[] { 20.0, 20, 20, 20 }, "0 1 2 3")]
    public void BenjaminiHochberg_OfEvidence_RejectsTheLargestThatHoldTogether(double[] e, string expected)
    {
        double[] logEs = [.. from one in e select Math.Log(one)];
        var rejected = new bool[logEs.Length];

        var count = EValues.BenjaminiHochberg(logEs, .05 * (1 + 1e-12), rejected, new double[logEs.Length]);

        Assert.Equal(expected, string.Join(' ', Enumerable.Range(0, logEs.Length).Where(i => rejected[i])));
        Assert.Equal(count, rejected.Count(static one => one));
    }

    [Fact]
    public void Excess_OfNoiseOnBothSides_IsHeldByItsIntervalAtAnyTime()
    {
        var random = new Random(3);
        var missed = 0;
        for (var run = 0; run < 100; run++)
        {
            var test = new ExcessTest();
            var held = true;
            for (var n = 1; n <= 2000; n++)
            {
                test.Observe(random.NextDouble() < .05, random.NextDouble() < .03);
                if (n % 100 != 0) continue;
                var (lower, upper) = test.Interval(.05);
                held &= lower <= .02 && .02 <= upper;
            }
            if (!held) missed++;
        }

        Assert.InRange(missed, 0, 5);
    }

    /// <summary>The definition, pair by pair and share by share.</summary>
    [Fact]
    public void Excess_OfPairs_IsTheWealthOfItsBets()
    {
        var test = new ExcessTest();
        var wealth = Enumerable.Range(1, 24).Select(static k => k < 24 ? 1.0 / (k * (k + 1)) : 1.0 / k).ToArray();
        var random = new Random(9);
        for (var n = 0; n < 300; n++)
        {
            var (candidate, control) = (random.Next(10) == 0, random.Next(20) == 0);
            test.Observe(candidate, control);
            for (var k = 0; k < 24; k++) wealth[k] *= 1 + .9 / 1.01 / Math.Pow(2, k) * ((candidate ? 1 : 0) - (control ? 1 : 0) - .01);
        }

        Assert.Equal(Math.Log(wealth.Sum()), test.LogEAbove(new ExcessBudget(.01)), 1e-9);
    }

    [Fact]
    public void Excess_WithoutPairs_SaysNothing()
    {
        var test = new ExcessTest();

        Assert.Equal((-1, 1), test.Interval(.05));
        Assert.Equal(0, test.LogEAbove(new ExcessBudget(.01)), 1e-12);
        Assert.Equal(0, test.LogEBelow(new ExcessBudget(.01)), 1e-12);
    }

    private static double[] Stream(int count) => [.. from i in Enumerable.Range(1, count) select .5 + .2 * (37 * i % 101) / 100];
}
