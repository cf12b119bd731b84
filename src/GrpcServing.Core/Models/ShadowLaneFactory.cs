using GrpcServing.Admission;
using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Telemetry;

namespace GrpcServing.Models;

/// <summary>Makes lanes of copies over models that are in memory. Any thread.</summary>
internal sealed class ShadowLaneFactory(TensorPool pool, TimeProvider time)
{
    /// <param name="model">Stays its owner's; gives the lane executors of its own.</param>
    /// <param name="closed">Called once, when the lane has ended.</param>
    public ShadowLane Open(ServedVersion version, ILoadedModel model, ShadowLaneSettings settings, Action<ShadowLane> closed)
    {
        var executors = new List<Executor>();
        try
        {
            while (executors.Count < settings.Executors) executors.Add(model.CreateExecutor());
            var table = new MeasuredLatencyTable(Math.Max(1, version.Spec.MaxBatchSize));
            foreach (var entry in version.Latency.Snapshot()) table.Observe(entry.BucketId, entry.Rows, entry.MeasuredTicks);
            var circuit = new CircuitBreaker(time.TimestampFrequency);
            var batching = new BatchingConfiguration
            {
                Policy = BatchPolicyKind.Greedy,
                DefaultQueuePolicy = new QueuePolicy(QueueTimeoutAction.Reject, settings.MaxAge, AllowOverride: false, MaxQueueSize: 0),
            };
            var scheduler = Schedulers.Create(batching, SchedulerSettings.From(version.Configuration, settings.Executors, time.TimestampFrequency) with { Levels = 1 }, table);
            var lane = new Lane(
                scheduler,
                new BatchRunner(version.Spec, pool, new VersionStatistics(time), circuit, time),
                [.. executors],
                new QueueBounds(int.MaxValue, long.MaxValue),
                circuit,
                new DeadlinePolicy(batching, Timeout.InfiniteTimeSpan, time.TimestampFrequency),
                time,
                inlineLimit: TimeSpan.Zero);
            return new ShadowLane(version, settings, lane, closed);
        }
        catch
        {
            foreach (var executor in executors) executor.Dispose();
            throw;
        }
    }
}
