using GrpcServing.Simulator;

namespace GrpcServing.Tests.Batching.Simulator;

/// <summary>What the deadline policy is for, as floors on fixed traces; the whole comparison is in bench/results.</summary>
public class GoodputTests
{
    private static readonly Profile ResNet50 = Profile.Linear(0.001082, 0.005204, 64);

    [Theory]
    [InlineData(359, 0.99)]
    [InlineData(513, 0.98)]
    [InlineData(615, 0.975)]
    [InlineData(1026, 0.98)]
    public void Deadline_PoissonAt25Milliseconds_ReachesItsShareOfTheOptimum(double rate, double share)
    {
        var trace = new Workload(1).Create(ArrivalProcess.Poisson, rate, 6000, [0.025], [1]);

        var outcome = new PolicyRun(ResNet50, trace, executors: 1, seed: 1).Run(PolicyRun.Ours);

        Assert.InRange((double)outcome.OnTime / Optimum.Solve(ResNet50, trace), share, 1);
        Assert.Equal(0, outcome.Late);
    }

    [Theory]
    [InlineData("symphony-frontrun")]
    [InlineData("symphony")]
    [InlineData("lazy-edf")]
    public void Deadline_FlatProfileWhereWaitingPays_IsNoWorse(string baseline)
    {
        var profile = Profile.Linear(0.00003, 0.015, 32);
        var trace = new Workload(2).Create(ArrivalProcess.Gamma, 66, 6000, [0.025], [1]);

        var ours = new PolicyRun(profile, trace, executors: 1, seed: 1).Run(PolicyRun.Ours);

        Assert.InRange(ours.OnTimeFraction, new PolicyRun(profile, trace, executors: 1, seed: 1).Run(baseline).OnTimeFraction - 0.003, 1);
    }

    [Theory]
    [InlineData(1, 1.2)]
    [InlineData(1, 2)]
    [InlineData(4, 1.5)]
    [InlineData(4, 2)]
    public void Deadline_FewLargeRequestsInOverload_NoBaselineAnswersMore(int executors, double load)
    {
        // VGG: nearly all of l(b) grows with the rows, so the large ones decide who else is in time.
        var profile = new Profile([(1, 0.0030695), (2, 0.003641), (4, 0.005866), (8, 0.008992), (16, 0.014852), (32, 0.02815)]);
        int[] rows = [16, .. Enumerable.Repeat(1, 19)];
        var rate = load * executors * profile.MaxRows / 0.02815 / rows.Average();
        var trace = new Workload(3).Create(ArrivalProcess.Poisson, rate, 4000, [0.025], rows);

        var ours = new PolicyRun(profile, trace, executors, seed: 1).Run(PolicyRun.Ours);

        foreach (var baseline in PolicyRun.Names.Where(static name => name is not ("delay" or "delay-reject")))
            Assert.InRange(ours.OnTimeFraction, new PolicyRun(profile, trace, executors, seed: 1).Run(baseline).OnTimeFraction - 0.003, 1);
    }
}
