using GrpcServing.Simulator;

namespace GrpcServing.Tests.Batching.Simulator;

public class PolicyRunTests
{
    public static TheoryData<string> Policies => [.. PolicyRun.Names];

    /// <summary>Bursts of requests of one and of many rows, far beyond what can be served.</summary>
    [Theory]
    [MemberData(nameof(Policies))]
    public void Run_RequestsOfManyRowsInBursts_EndsWithEveryOneAccountedFor(string policy)
    {
        var profile = Profile.Linear(0.001082, 0.005204, 64);
        for (var seed = 1ul; seed <= 20; seed++)
        {
            var trace = new Workload(seed).Create(ArrivalProcess.Mmpp, 400, 400, [0.05], [1, 2, 8]);

            var outcome = new PolicyRun(profile, trace, executors: 1, seed).Run(policy);

            Assert.Equal(400, outcome.OnTime + outcome.Late + outcome.Refused.Values.Sum());
        }
    }
}
