using CsCheck;
using GrpcServing.Batching;
using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

public sealed class ReportingTests
{
    [Fact]
    public void MetricHistogram_Quantiles_AreWithinFivePercentOfTheValue() => Gen.Double[-1e6, 1e6].Array[1, 200].Sample(static values =>
    {
        var histogram = new MetricHistogram();
        foreach (var value in values) histogram.Add(value);

        var sorted = values.Order().ToArray();
        foreach (var share in new[] { 0.5, 0.99 })
        {
            var exact = sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
            Assert.InRange(histogram.Quantile(share), exact - (Math.Abs(exact) * 0.05) - 1e-9, exact + (Math.Abs(exact) * 0.05) + 1e-9);
        }
        Assert.Equal((values.Length, sorted[0], sorted[^1]), (histogram.Count, histogram.Least, histogram.Most));
        Assert.Equal(values.Average(), histogram.Mean, 1e-6);
    });

    [Fact]
    public void EvidenceSeries_OfAMillionPairs_KeepsAtMostItsPointsEvenlySpread()
    {
        var series = new EvidenceSeries();
        for (var pairs = 1L; pairs <= 1_000_000; pairs++)
            if (series.Wants(pairs)) series.Add(new EvidencePoint(DateTimeOffset.UnixEpoch, pairs, null!, null, 1));

        Assert.InRange(series.Points.Count, EvidenceSeries.MaxPoints / 2, EvidenceSeries.MaxPoints);
        var strides = series.Points.Zip(series.Points.Skip(1)).Select(static two => two.Second.Pairs - two.First.Pairs).Distinct();
        Assert.Single(strides);
    }

    [Fact]
    public void ExecutionTally_ManyRequestsOfOneBatch_CountItOnce()
    {
        var tally = new ExecutionTally(1000);
        for (var i = 0; i < 8; i++) tally.AddPrimary(batch: 7, Run(rows: 8, ticks: 80));
        tally.AddPrimary(batch: 8, Run(rows: 8, ticks: 160));

        var (rows, primary, candidate) = tally.Sizes.Single();
        Assert.Equal(8, rows);
        Assert.Equal(0.03, primary.Sum, 1e-9);
        Assert.Equal((2, 0), (Sum(primary), Sum(candidate)));
    }

    [Fact]
    public void ExecutionTally_RunsOfEqualShape_AreMatchedOnce()
    {
        var tally = new ExecutionTally(1000);

        Assert.Null(tally.AddReference(1, Run(4, 40)));
        Assert.Null(tally.AddCandidate(1, Run(8, 40)));
        Assert.Equal((10, 20), tally.AddCandidate(2, Run(4, 80)));
        Assert.Null(tally.AddCandidate(3, Run(4, 80)));
        Assert.Equal((15, 20), tally.AddReference(4, Run(4, 60)));
    }

    [Fact]
    public void CoverageTally_DropsThatFollowLoad_Correlate()
    {
        var biased = new CoverageTally(1);
        var fair = new CoverageTally(1);
        for (var i = 0; i < 50; i++)
        {
            var load = i % 2 == 0 ? 40 : 100;
            biased.Add(Window(load, dropped: load == 100 ? 50 : 0));
            fair.Add(Window(load, dropped: load / 10));
        }
        biased.Settle();
        fair.Settle();

        Assert.InRange(biased.LoadCorrelation, 0.4, 0.6);
        Assert.InRange(fair.LoadCorrelation, -1e-9, 1e-9);
        Assert.Equal(3500, biased.Bands().Sum(static band => band.Eligible));
        Assert.Equal([(1000L, 1000L), (2500L, 1250L)], biased.Bands().Select(static band => (band.Eligible, band.Compared)));
        Assert.True(biased.Bands()[0].Load is >= 40 and < 50 && biased.Bands()[1].Load is >= 100 and < 125);
    }

    [Fact]
    public void CoverageTally_WindowWithSomethingWaiting_CountsWhenItIsKnown()
    {
        var tally = new CoverageTally(1);
        var window = new LoadWindow(0);
        window.CountRequest();
        window.CountEligible();
        window.CountAdmitted();
        tally.Add(window);
        tally.Settle();
        Assert.Empty(tally.Bands());

        window.Compared++;
        tally.Settle();

        Assert.Equal((1, 1), tally.Bands().Select(static band => (band.Eligible, band.Compared)).Single());
    }

    private static LoadWindow Window(int requests, int dropped)
    {
        var window = new LoadWindow(0);
        for (var i = 0; i < requests; i++)
        {
            window.CountRequest();
            window.CountEligible();
            if (i < dropped) window.CountNotAdmitted();
            else window.CountAdmitted();
        }
        window.Compared = requests - dropped;
        return window;
    }

    private static RunMeasure Run(int rows, long ticks) => new(rows, rows, ticks, 0);

    private static long Sum(ExecutionHistogram histogram)
    {
        var sum = 0L;
        foreach (var count in histogram.Counts) sum += count;
        return sum;
    }
}
