using GrpcServing.Hosting;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace GrpcServing.Telemetry;

/// <summary>Says at start where telemetry goes, and sends what is still there when everything else has stopped: the last spans, metrics and log lines.</summary>
/// <remarks>All signals at once, each for at most <see cref="Patience"/>: a collector that is gone must not hold the stop up.</remarks>
internal sealed partial class TelemetryHost(OtelSettings settings, IServiceProvider services, ILogger<TelemetryHost> logger) : IHostedLifecycleService
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

    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var warning in settings.Warnings) LogIgnored(logger, warning);
        var targets = new[] { ("traces", settings.Traces), ("metrics", settings.Metrics), ("logs", settings.Logs) };
        foreach (var (signal, target) in targets)
            if (target is not null) LogExported(logger, signal, target.Endpoint, target.Protocol == OtlpExportProtocol.Grpc ? "grpc" : "http/protobuf");
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(EventIds.TelemetryExported, LogLevel.Information, "The {Signal} of this server go to {Endpoint} ({Protocol})")]
    private static partial void LogExported(ILogger logger, string signal, Uri endpoint, string protocol);

    [LoggerMessage(EventIds.TelemetryVariableIgnored, LogLevel.Warning, "{Warning}")]
    private static partial void LogIgnored(ILogger logger, string warning);
}
