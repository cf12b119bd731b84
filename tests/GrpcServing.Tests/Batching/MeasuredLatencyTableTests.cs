using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

public class MeasuredLatencyTableTests
{
    private static MeasuredLatencyTable Measured(int maxRows, params (int Rows, long Ticks)[] runs)
    {
        var table = new MeasuredLatencyTable(maxRows);
        foreach (var (rows, ticks) in runs) table.Observe(0, rows, ticks);
        return table;
    }

    private static string Plan(MeasuredLatencyTable table) =>
        string.Join(' ', Enumerable.Range(1, table.MaxRows).Select(rows => $"{table.Estimate(0, rows)}"));

    private static string Padded(MeasuredLatencyTable table) =>
        string.Join(' ', Enumerable.Range(1, table.MaxRows).Select(rows => $"{table.PaddedRows(0, rows)}"));

    [Fact]
    public void Estimate_NeverMeasured_IsUnknown()
    {
        var table = new MeasuredLatencyTable(4);

        Assert.Equal("0 0 0 0", Plan(table));
        Assert.Equal("1 2 3 4", Padded(table));
    }

    [Fact]
    public void Estimate_SizesBetween_LieOnTheLine() => Assert.Equal("100 150 200 300 400", Plan(Measured(5, (1, 100), (3, 200), (5, 400))));

    [Fact]
    public void Estimate_BelowTheSmallestMeasured_IsTheSmallestMeasured()
    {
        var table = Measured(4, (3, 90), (4, 120));

        Assert.Equal("90 90 90 120", Plan(table));
    }

    [Fact]
    public void Estimate_AboveTheLargestMeasured_GrowsWithTheRows() => Assert.Equal("50 100 150 200", Plan(Measured(4, (1, 50), (2, 100))));

    [Fact]
    public void PaddedRows_LargerIsCheaper_RunsTheLarger()
    {
        var table = Measured(5, (1, 50), (2, 46), (3, 48), (4, 40), (5, 61));

        Assert.Equal("40 40 40 40 61", Plan(table));
        Assert.Equal("4 4 4 4 5", Padded(table));
    }

    [Fact]
    public void Estimate_FlatSteppedAndCliff_AreKeptAsTheyAre()
    {
        Assert.Equal("7 7 7 7", Plan(Measured(4, (1, 7), (2, 7), (3, 7), (4, 7))));
        Assert.Equal("5 5 9 9", Plan(Measured(4, (1, 5), (2, 5), (3, 9), (4, 9))));
        Assert.Equal("5 6 7 800", Plan(Measured(4, (1, 5), (2, 6), (3, 7), (4, 800))));
    }

    [Fact]
    public void Observe_StrayOutliers_MoveNothing()
    {
        var table = new MeasuredLatencyTable(1);
        for (var i = 0; i < 200; i++) table.Observe(0, 1, i % 10 == 9 ? 100_000 : 1000);

        Assert.Equal(1000, table.Estimate(0, 1));
    }

    [Fact]
    public void Observe_Noise_PlansNearTheSixtyFifthPercentile()
    {
        var random = new Random(1);
        var table = new MeasuredLatencyTable(1);
        for (var i = 0; i < 500; i++) table.Observe(0, 1, 1000 + random.Next(1000));

        Assert.InRange(table.Estimate(0, 1), 1450, 1850);
    }

    [Fact]
    public void Observe_SlowDrift_IsFollowed()
    {
        var table = new MeasuredLatencyTable(1);
        for (var i = 0; i < 300; i++) table.Observe(0, 1, 1000 + 10 * i);

        Assert.InRange(table.Estimate(0, 1), 3800, 3990);
    }

    [Fact]
    public void Observe_SizeAvoidedSinceItWasSlow_IsTriedAgain()
    {
        // Size 2 was measured in a bad moment and is padded to 3 ever since.
        var table = Measured(3, (1, 100), (2, 900), (3, 120));
        Assert.Equal(3, table.PaddedRows(0, 2));

        for (var i = 0; i < 10_000; i++) table.Observe(0, i % 2 == 0 ? 1 : 3, i % 2 == 0 ? 100 : 120);

        Assert.Equal(2, table.PaddedRows(0, 2));
        Assert.Equal(110, table.Estimate(0, 2));
    }

    [Fact]
    public void Observe_MoreBucketsThanItHolds_ForgetsTheOneUnusedLongest()
    {
        var table = new MeasuredLatencyTable(1);
        for (var bucket = 0; bucket < MeasuredLatencyTable.MaxBuckets; bucket++) table.Observe(bucket, 1, 5);
        table.Estimate(0, 1);

        table.Observe(1000, 1, 5);

        Assert.Equal(5, table.Estimate(0, 1));
        Assert.Equal(0, table.Estimate(1, 1));
        Assert.Equal(5, table.Estimate(1000, 1));
    }

    [Fact]
    public void Snapshot_Measured_ListsEverySizeThatRan()
    {
        var table = Measured(8, (1, 10), (4, 20), (4, 20));

        Assert.Equal([new LatencyEntry(0, 1, 1, 10, 10, 1), new LatencyEntry(0, 4, 2, 20, 20, 4)], table.Snapshot());
    }

    [Fact]
    public void Error_PlannedAgainstActual_IsSummed()
    {
        var table = Measured(1, (1, 100), (1, 130), (1, 100));

        Assert.Equal(2, table.Error.Runs);
        Assert.Equal(1, table.Error.Overruns);
        Assert.Equal(60, table.Error.AbsoluteErrorTicks);
    }

    [Fact]
    public void Observe_SizeRanOnABusyMachine_IsNotHeldAgainstIt()
    {
        var table = new MeasuredLatencyTable(8);
        for (var i = 0; i < 40; i++) table.Observe(0, 4, ticks: 400, cost: 400);
        // Each run of eight costs 600, and takes three times as long because others use the processor too.
        for (var i = 0; i < 40; i++) table.Observe(0, 8, ticks: 1800, cost: 600);

        Assert.Equal(1800, table.Estimate(0, 8));
        Assert.Equal(1200, table.Estimate(0, 4));

        for (var i = 0; i < 40; i++) table.Observe(0, 4, ticks: 400, cost: 400);
        Assert.Equal((400, 600), (table.Estimate(0, 4), table.Estimate(0, 8)));
    }

    [Fact]
    public void Observe_SizeRunsAgainAfterLong_ForgetsWhatItWas()
    {
        var table = new MeasuredLatencyTable(8);
        for (var i = 0; i < 40; i++) table.Observe(0, 8, 8000);
        for (var i = 0; i < 600; i++) table.Observe(0, 1, 100);
        Assert.Equal((600, 0, long.MaxValue), (table.Age(0, 8), table.Age(0, 1), table.Age(0, 4)));

        table.Observe(0, 8, 300);

        Assert.Equal(0, table.Age(0, 8));
        Assert.Equal(300, table.Estimate(0, 8));
    }
}
