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
}
