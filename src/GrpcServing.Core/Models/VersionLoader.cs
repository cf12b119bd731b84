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

    // A request without a deadline may wait for several batches even of a slow model.
    private const int DefaultDeadlineRuns = 10;
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(1);

    private readonly ModelFitter _fitter = new(runtime, time);
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
        var shapes = new ShapeTable(spec);
        var fitted = _fitter.Fit(file, spec, configuration, shapes);
        try
        {
            return Open(spec, configuration, fitted, shapes, facts);
        }
        catch
        {
            fitted.Model.Dispose();
            throw;
        }
    }

    private ServedVersion Open(ModelSpec spec, ModelConfiguration configuration, FittedModel fitted, ShapeTable shapes, ModelFileFacts file)
    {
        var (model, cores, latency) = (fitted.Model, fitted.Cores, fitted.Latency);
        var executors = new List<Executor> { fitted.First };
        var statistics = registry.Open(spec, LaneLabels.Primary);
        try
        {
            while (executors.Count < cores.Instances) executors.Add(model.CreateExecutor());

            var settings = SchedulerSettings.From(configuration, cores.Instances, time.TimestampFrequency);
            var scheduler = Schedulers.Create(configuration.Batching, settings, latency);
            var circuit = new CircuitBreaker(CircuitSettings.Requests, time.TimestampFrequency);
            var bounds = new QueueBounds(configuration.Batching.MaxQueueRows, configuration.Batching.MaxQueueBytes);
            var role = new PrimaryRole(devices.Of(configuration.Execution.Device), bounds, latency, cores.Threads, configuration.Execution.RunsOnOneThread && cores.Threads == 1, time.TimestampFrequency);
            var lane = new Lane(
                scheduler,
                new BatchRunner(spec, pool, statistics, circuit, time),
                [.. executors],
                bounds,
                circuit,
                new DeadlinePolicy(configuration.Batching, DeadlineOf(configuration, fitted.SingleRowTicks), time.TimestampFrequency),
                time,
                InlineLimit,
                role);
            return new ServedVersion(spec, configuration, model, lane, shapes, statistics, latency, _shadows)
            {
                File = file,
                Copies = fitted.Copies,
                ThreadsPerRun = cores.Threads,
            };
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
}
