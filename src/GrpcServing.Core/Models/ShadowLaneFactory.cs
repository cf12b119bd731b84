using GrpcServing.Admission;
using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Telemetry;

namespace GrpcServing.Models;

/// <summary>Makes lanes of copies over models that are in memory. Any thread.</summary>
internal sealed class ShadowLaneFactory(TensorPool pool, DeviceBoards devices, StatisticsRegistry registry, TimeProvider time)
{
    /// <summary>How long a run may take.</summary>
    public RunLimits Limits { get; init; } = RunLimits.Default(time.TimestampFrequency);

    /// <param name="model">Stays its owner's; gives the lane executors of its own.</param>
    /// <param name="closed">Called once, when the lane has ended.</param>
    public ShadowLane Open(ServedVersion version, ILoadedModel model, ShadowLaneSettings settings, Action<ShadowLane> closed)
    {
        var (spec, execution) = (version.Spec, version.Configuration.Execution);
        var executors = new List<Executor>();
        var statistics = registry.Open(spec, LaneLabels.Shadow);
        try
        {
            while (executors.Count < settings.Executors) executors.Add(model.CreateExecutor());
            var isCpu = execution.Device == "cpu";
            var board = devices.Of(execution.Device);
            var circuit = new CircuitBreaker(CircuitSettings.Copies, time.TimestampFrequency);
            var slack = new SlackSettings { SinglesMayOverrun = isCpu, MaxPrimaryDelay = (long)(settings.MaxPrimaryDelay.TotalSeconds * time.TimestampFrequency) };
            var scheduler = CreateScheduler(version, settings, new SlackRule(slack));
            var role = new ShadowRole(spec, board, scheduler, circuit, slack, Limits, isCpu, execution.RunsOnOneThread, devices.Observer, time);
            var batching = new BatchingConfiguration
            {
                DefaultQueuePolicy = new QueuePolicy(QueueTimeoutAction.Reject, settings.MaxAge, AllowOverride: false, MaxQueueSize: 0),
            };
            var lane = new Lane(
                scheduler,
                new BatchRunner(spec, pool, statistics, circuit, time),
                [.. executors],
                // Bounded by ShadowLane, from submission to answer.
                new QueueBounds(int.MaxValue, long.MaxValue),
                circuit,
                new DeadlinePolicy(batching, Timeout.InfiniteTimeSpan, time.TimestampFrequency),
                time,
                inlineLimit: TimeSpan.Zero,
                role);
            return new ShadowLane(version, settings, lane, scheduler, circuit, role, board, devices.Observer, ended =>
            {
                statistics.Close();
                closed(ended);
            });
        }
        catch
        {
            statistics.Close();
            foreach (var executor in executors) executor.Dispose();
            throw;
        }
    }

    private SlackScheduler CreateScheduler(ServedVersion version, ShadowLaneSettings settings, SlackRule rule)
    {
        var table = new MeasuredLatencyTable(Math.Max(1, version.Spec.MaxBatchSize));
        var slowdown = version.Copies?.Slowdown ?? 1;
        foreach (var entry in version.Latency.Snapshot()) table.Observe(entry.BucketId, entry.Rows, entry.MeasuredTicks * slowdown);
        return new SlackScheduler(SchedulerSettings.From(version.Configuration, settings.Executors, time.TimestampFrequency), table, rule);
    }
}
