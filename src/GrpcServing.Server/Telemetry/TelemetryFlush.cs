using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace GrpcServing.Telemetry;

/// <summary>Sends what is still there when everything else has stopped: the last spans, metrics and log lines of the process.</summary>
/// <remarks>All signals at once, each for at most <see cref="Patience"/>: a collector that is gone must not hold the stop up.</remarks>
internal sealed class TelemetryFlush(IServiceProvider services) : IHostedLifecycleService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        var patience = (int)Patience.TotalMilliseconds;
        return Task.WhenAll(
            Shutdown(() => services.GetService<TracerProvider>()?.Shutdown(patience)),
            Shutdown(() => services.GetService<MeterProvider>()?.Shutdown(patience)),
            Shutdown(() => services.GetService<LoggerProvider>()?.Shutdown(patience)));

        // A thread each: the calls block.
        static Task Shutdown(Action provider) => Task.Factory.StartNew(provider, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
