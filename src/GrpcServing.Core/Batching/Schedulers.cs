using GrpcServing.Models;

namespace GrpcServing.Batching;

/// <summary>The one place that knows which class serves which policy.</summary>
public static class Schedulers
{
    /// <param name="table">Shared with the lane's statistics; the scheduler feeds it with every run that succeeded.</param>
    public static Scheduler Create(BatchingConfiguration configuration, SchedulerSettings settings, LatencyTable table) => configuration.Policy switch
    {
        BatchPolicyKind.Deadline => new DeadlineScheduler(settings, table),
        BatchPolicyKind.Greedy => new GreedyScheduler(settings, table),
        BatchPolicyKind.Delay => new DelayScheduler(settings, table),
        _ => throw new ArgumentOutOfRangeException(nameof(configuration), configuration.Policy, "Batching policy must be deadline, greedy or delay."),
    };
}
