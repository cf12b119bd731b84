using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>l(b) = 10 + b, up to 8 rows.</summary>
public class HeadChainTests
{
    private static readonly BatchCosts Costs = Load();

    private static BatchCosts Load()
    {
        var costs = new BatchCosts(new FixedTable(8, static rows => 10 + rows), 8);
        costs.Load(0);
        return costs;
    }

    private static int FirstSize(double rate, int executors, long[] due, int begin, int size, params long[] freeAt)
    {
        var workload = new WorkloadCost(executors);
        if (rate > 0) workload.Fit(rate, meanRows: 1, slack: 40, dispersion: 1, Costs);
        var rows = new int[due.Length];
        Array.Fill(rows, 1);
        return new HeadChain(Costs, workload, executors).FirstSize(new PendingEntries(due, rows), 0, begin, due.Length, size, now: 0, freeAt, executor: 0);
    }

    [Fact]
    public void FirstSize_ChainServesAllAndNothingElseComes_IsTheHead() =>
        Assert.Equal(1, FirstSize(rate: 0, executors: 1, due: [11, 40, 40], begin: 1, size: 2, 0));

    [Fact]
    public void FirstSize_ChainLosesMoreThanTheWindow_IsNothing() =>
        Assert.Equal(0, FirstSize(rate: 0, executors: 1, due: [11, 17, 17, 17], begin: 1, size: 3, 0));

    [Fact]
    public void FirstSize_OthersWouldPayForTheTime_IsNothing() =>
        Assert.Equal(0, FirstSize(rate: 2, executors: 1, due: [11, 40, 40], begin: 1, size: 2, 0));

    [Fact]
    public void FirstSize_SecondExecutorTakesTheRest_IsTheHead() =>
        Assert.Equal(1, FirstSize(rate: 0, executors: 2, due: [11, 17, 17, 17], begin: 1, size: 3, 0, 1));
}
