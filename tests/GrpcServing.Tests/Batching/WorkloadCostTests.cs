using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>One executor, l = 10, nothing gained by batching, 110 to the deadline: K = 100.</summary>
public class WorkloadCostTests
{
    private static WorkloadCost Cost(double load, double dispersion = 1, int executors = 1)
    {
        var costs = new BatchCosts(new FixedTable(4, static rows => 10 * rows), 4);
        costs.Load(0);
        var cost = new WorkloadCost(executors);
        cost.Fit(load * executors / 10, meanRows: 1, slack: 110, dispersion, costs);
        return cost;
    }

    [Fact]
    public void Of_NotFitted_IsNothing() => Assert.Equal(0, new WorkloadCost(1).Of(1000, 10));

    [Fact]
    public void Of_LoadOne_GrowsWithTheSquare()
    {
        // x^2 / 2 K in ticks, a tenth of that in entries.
        Assert.Equal(5, Cost(load: 1).Of(100, 0), 3);
        Assert.Equal(1.25, Cost(load: 1).Of(50, 0), 3);
    }

    [Fact]
    public void Of_TimeToSpare_IsNextToNothingUntilTheDeadlinesAreNear()
    {
        Assert.InRange(Cost(load: 0.5).Of(50, 0), 0, 0.001);
        Assert.InRange(Cost(load: 0.5).Of(100, 0), 0.1, 1);
    }

    [Fact]
    public void Of_Overload_IsAllThatTheTimeCouldHaveServed() => Assert.InRange(Cost(load: 3).Of(100, 0), 9, 10);

    [Fact]
    public void Of_BeyondTheDeadline_CostsEveryTick() => Assert.Equal(Cost(load: 1).Of(100, 0) + 10, Cost(load: 1).Of(200, 0), 3);

    [Fact]
    public void Of_Bursts_CostMoreThanEvenArrivals() => Assert.True(Cost(load: 0.8, dispersion: 8).Of(50, 0) > Cost(load: 0.8).Of(50, 0));

    [Fact]
    public void Of_EntriesThatWait_AreAsMuchWorkAsTheyTake() => Assert.Equal(Cost(load: 1).Of(50, 0), Cost(load: 1).Of(0, 5), 6);

    [Fact]
    public void Of_SeveralExecutors_ShareTheWork() => Assert.Equal(2 * Cost(load: 1).Of(50, 0), Cost(load: 1, executors: 2).Of(100, 0), 3);
}
