using GrpcServing.Admission;
using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Telemetry;

namespace GrpcServing.Models;

/// <summary>Brings one version from its directory to readiness: inspect, configure, load, warm up, open the lane.</summary>
/// <remarks>Blocking, may take seconds; several at once are fine. What it built is disposed when a later step fails.</remarks>
public sealed class VersionLoader(IModelRuntime runtime, TensorPool pool, DeviceBoards devices, StatisticsRegistry registry, TimeProvider time)
{
    // A batch shorter than this runs on the loop's thread: a hand-over costs 5 to 10 microseconds each way, and refusals may wait this long.
    private static readonly TimeSpan InlineLimit = TimeSpan.FromMicroseconds(500);

    // Below this one executor keeps up with the front end; above it, one would leave the other cores idle (measured-limits: 432 against 736 rows/s).
    private static readonly TimeSpan HeavyModel = TimeSpan.FromMilliseconds(1);

    // A request without a deadline may wait for several batches even of a slow model.
    private const int DefaultDeadlineRuns = 10;
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(1);

    private readonly Lock _measuring = new();
    private readonly ShadowLaneFactory _shadows = new(pool, devices, registry, time);

    /// <exception cref="ModelLoadException">With everything that is wrong, named.</exception>
    internal ServedVersion Load(string name, long version, string modelDirectory, ModelLayout layout)
    {
        var file = Path.Combine(modelDirectory, version.ToString(System.Globalization.CultureInfo.InvariantCulture), layout.ModelFile);
        if (!File.Exists(file)) throw new ModelLoadException($"Model '{name}' version {version} has no file '{layout.ModelFile}' in its version directory.");
        // Of a file that may not be read the runtime would give the error's number only.
        File.OpenHandle(file).Dispose();
        if (runtime.CheckDevice(layout.Device) is { } missing) throw new ModelLoadException($"Model '{name}' version {version}: {missing}");

        var graph = runtime.Inspect(file);
        var configuration = ConfigurationReader.Read(modelDirectory, graph);
        var spec = ModelSpec.Create(name, version, configuration);
        var facts = ModelFileFacts.Of(file);
        var model = runtime.Load(file, spec, configuration.Execution);
        try
        {
            return Open(spec, configuration, model, facts);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private ServedVersion Open(ModelSpec spec, ModelConfiguration configuration, ILoadedModel model, ModelFileFacts file)
    {
        var shapes = new ShapeTable(spec);
        var latency = new MeasuredLatencyTable(Math.Max(1, spec.MaxBatchSize));
        var statistics = registry.Open(spec, LaneLabels.Primary);
        var executors = new List<Executor>();
        try
        {
            executors.Add(model.CreateExecutor());
            var warmUp = new WarmUp(spec, executors[0], configuration.Execution.RunsOnOneThread, time);
            warmUp.RunConfigured(configuration.Warmup, shapes);
            long single;
            // One at a time: beside another sweep, both would measure each other.
            lock (_measuring) single = warmUp.Sweep(shapes, latency);

            var instances = Instances(configuration, single);
            while (executors.Count < instances) executors.Add(model.CreateExecutor());

            var settings = SchedulerSettings.From(configuration, instances, time.TimestampFrequency);
            var scheduler = Schedulers.Create(configuration.Batching, settings, latency);
            var circuit = new CircuitBreaker(CircuitSettings.Requests, time.TimestampFrequency);
            var bounds = new QueueBounds(configuration.Batching.MaxQueueRows, configuration.Batching.MaxQueueBytes);
            var role = new PrimaryRole(devices.Of(configuration.Execution.Device), bounds, latency, Math.Max(1, configuration.Execution.IntraOpThreads), configuration.Execution.RunsOnOneThread, time.TimestampFrequency);
            var lane = new Lane(
                scheduler,
                new BatchRunner(spec, pool, statistics, circuit, time),
                [.. executors],
                bounds,
                circuit,
                new DeadlinePolicy(configuration.Batching, DeadlineOf(configuration, single), time.TimestampFrequency),
                time,
                InlineLimit,
                role);
            return new ServedVersion(spec, configuration, model, lane, shapes, statistics, latency, _shadows) { File = file };
        }
        catch
        {
            statistics.Close();
            foreach (var executor in executors) executor.Dispose();
            throw;
        }
    }

    private TimeSpan DeadlineOf(ModelConfiguration configuration, long singleRowTicks)
    {
        if (configuration.DefaultDeadline is { } configured) return configured;
        var runs = TimeSpan.FromSeconds((double)DefaultDeadlineRuns * singleRowTicks / time.TimestampFrequency);
        return runs > DefaultDeadline ? runs : DefaultDeadline;
    }

    private int Instances(ModelConfiguration configuration, long singleRowTicks)
    {
        // Responses can only leave in order when batches end in order.
        if (configuration.Batching.PreserveOrdering) return 1;
        if (configuration.Execution.Instances > 0) return configuration.Execution.Instances;
        return singleRowTicks >= HeavyModel.TotalSeconds * time.TimestampFrequency ? Environment.ProcessorCount : 1;
    }
}
