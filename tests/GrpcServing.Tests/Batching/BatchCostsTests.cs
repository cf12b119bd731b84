using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

public sealed class BatchCostsTests
{
    [Theory]
    [InlineData(0, 4, 4)]
    [InlineData(25, 56, 64)]
    public void BestRows_FlatProfile_IsLargeWhereABatchCostsSomethingBeside(long beside, int least, int most)
    {
        // Flat from 4 rows on.
        var costs = new BatchCosts(new FixedTable(64, static rows => rows < 4 ? 40 + rows : 11 * rows), 64, beside);

        costs.Load(0);

        Assert.InRange(costs.BestRows, least, most);
        Assert.Equal(11 * 64, costs.Ticks[64]);
    }

    [Fact]
    public void BestRows_LargeBatchesClearlySlower_StaysSmall()
    {
        var costs = new BatchCosts(new FixedTable(64, static rows => rows <= 4 ? 4000 + 1000 * rows : 2600 * rows), 64, besideTicks: 25);

        costs.Load(0);

        Assert.Equal(4, costs.BestRows);
    }

    [Fact]
    public void BestRows_RunsAreStretchedByWhatElseRuns_IsThatOfTheCosts()
    {
        // 1 us a row, and from 33 rows on a tenth more; elapsed, nine times that.
        var table = new MeasuredLatencyTable(64);
        foreach (var rows in BatchSizes.UpTo(64))
            for (var run = 0; run < 40; run++) table.Observe(0, rows, 9 * Cost(rows), Cost(rows));
        var costs = new BatchCosts(table, 64, besideTicks: 25_000);

        costs.Load(0);

        Assert.Equal(64, costs.BestRows);
        Assert.Equal(9.0 * Cost(64), costs.Ticks[64], tolerance: 0.01 * 9 * Cost(64));

        static long Cost(int rows) => rows * (rows > 32 ? 1100 : 1000);
    }
}
