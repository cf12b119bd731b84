using System.Diagnostics.Metrics;
using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Onnx;
using GrpcServing.Telemetry;

namespace GrpcServing.Microbenchmarks;

/// <summary>The bundled digits model in a repository, as the server holds it. Disposing gives everything back.</summary>
internal sealed class LoadedDigits : IDisposable, IRepositoryObserver
{
    public LoadedDigits()
    {
        var runtime = new OnnxModelRuntime();
        // What else this machine does must not hold copies off.
        var devices = new DeviceBoards(new SilentLanes(), TimeProvider.System) { Processor = static () => new ProcessorMeter(static () => TimeSpan.Zero, 1, null, TimeProvider.System.TimestampFrequency) };
        var registry = new StatisticsRegistry(TimeProvider.System);
        Repository = new ModelRepository(Path.Combine(AppContext.BaseDirectory, "models"), new VersionLoader(runtime, Pool, devices, registry, TimeProvider.System), runtime, this);
        Metrics = new ServingMetrics(new Meters(), Repository, registry, TimeProvider.System);
        var loaded = Repository.LoadAsync("digits").GetAwaiter().GetResult();
        if (!loaded.IsNone) throw new InvalidOperationException(loaded.Message);
    }

    public TensorPool Pool { get; } = new();

    public ModelRepository Repository { get; }

    public ServingMetrics Metrics { get; }

    public void Dispose()
    {
        Metrics.Dispose();
        Repository.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Pool.Dispose();
    }

    void IRepositoryObserver.Changed(ModelTable table)
    {
        // Nobody asks for health here.
    }

    void IRepositoryObserver.LoadCompleted(ModelTable table)
    {
        // The constructor waits for the load itself.
    }

    void IRepositoryObserver.Loaded(ServedVersion version)
    {
        // The constructor waits for the load itself.
    }

    void IRepositoryObserver.LoadFailed(string model, long version, string reason) => throw new InvalidOperationException(reason);

    void IRepositoryObserver.Skipped(string model, string reason) => throw new InvalidOperationException(reason);

    void IRepositoryObserver.Retired(ServedVersion version)
    {
        // Happens once, at the end.
    }

    /// <summary>Meters that nobody listens to.</summary>
    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
            // Whoever asked for a meter disposes it.
        }
    }
}
