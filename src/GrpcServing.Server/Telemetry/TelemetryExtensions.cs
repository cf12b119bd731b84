using System.Diagnostics;
using System.Reflection;
using GrpcServing.Hosting;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace GrpcServing.Telemetry;

/// <summary>Sends spans, metrics and log records by OTLP where OpenTelemetry's variables name an endpoint.</summary>
internal static class TelemetryExtensions
{
    private const string LogExporter = "logs";

    /// <summary>Room for one request: its span, its stages, its share of a batch.</summary>
    private const int SpansPerTrace = 12;

    /// <summary>Adds what is configured; nothing of it exists where nothing is.</summary>
    public static void AddTelemetryExport(this IServiceCollection services, OpenTelemetryBuilder telemetry, IConfiguration configuration, ServingOptions serving)
    {
        var settings = OtelSettings.Read(configuration);
        services.AddSingleton(settings);
        services.AddSingleton<DeliveryMetrics>();
        services.AddHostedService<TelemetryHost>();
        telemetry.ConfigureResource(static resource => Describe(resource));
        if ((settings.Traces ?? settings.Metrics ?? settings.Logs) is null) return;

        OtelSettings.ExportToEnvironment(configuration);
        if (settings.Traces is { } traces) services.AddTraces(telemetry, settings, traces, serving);
        if (settings.Metrics is { } metrics)
        {
            var delivery = services.AddDelivery("metrics", metrics, int.MaxValue);
            telemetry.WithMetrics(provider => provider.AddReader(services => new PeriodicExportingMetricReader(
                new MetricExporter(metrics, delivery(services)), settings.MetricIntervalMilliseconds, settings.MetricTimeoutMilliseconds) { TemporalityPreference = settings.Temporality }));
        }
        if (settings.Logs is { } logs)
        {
            var delivery = services.AddDelivery("logs", logs, settings.LogQueue.Size);
            services.AddKeyedSingleton(LogExporter, (provider, _) => new OtlpLogExporter(OtlpClient.Options(logs, delivery(provider))));
            telemetry.WithLogging(
                provider => provider
                    .AddProcessor(services => new LogExport(services.GetRequiredKeyedService<OtlpLogExporter>(LogExporter), settings.LogQueue, delivery(services)))
                    .AddProcessor(static services => new LogExporterHolder(services.GetRequiredKeyedService<OtlpLogExporter>(LogExporter))),
                static records =>
            {
                records.IncludeFormattedMessage = true;
                records.ParseStateValues = true;
            });
        }
    }

    private static void AddTraces(this IServiceCollection services, OpenTelemetryBuilder telemetry, OtelSettings settings, OtlpTarget target, ServingOptions serving)
    {
        var delivery = services.AddDelivery("traces", target, settings.SpanQueue.Size);
        services.AddSingleton(provider =>
        {
            var sampler = settings.Sampler;
            var queue = delivery(provider);
            var sampling = new TraceSampling
            {
                Head = (parent, traceId) => sampler.ShouldSample(new SamplingParameters(parent, traceId, "", ActivityKind.Server)).Decision == SamplingDecision.RecordAndSample,
                HeadPerSecond = settings.TracesPerSecond,
                SlowerThan = serving.SlowRequest,
                HasRoom = () => queue.HasRoom(SpansPerTrace),
            };
            return new Tracer(sampling, provider.GetRequiredService<TimeProvider>());
        });
        services.AddSingleton<CallTracing>();
        // What reaches the provider is kept: the tracer has decided.
        telemetry.WithTracing(provider => provider.AddSource(Tracer.SourceName).SetSampler(new AlwaysOnSampler()).AddProcessor(services => new SpanExport(target, settings.SpanQueue, delivery(services), services.GetRequiredService<Tracer>())));
    }

    /// <summary>Adds the counts of one signal.</summary>
    /// <returns>How to get at them: there are several, one for each signal.</returns>
    private static Func<IServiceProvider, Delivery> AddDelivery(this IServiceCollection services, string signal, OtlpTarget target, int bound)
    {
        services.AddKeyedSingleton(signal, (provider, _) => new Delivery(signal, target.Endpoint, bound, provider.GetRequiredService<ILoggerFactory>));
        services.AddSingleton(provider => provider.GetRequiredKeyedService<Delivery>(signal));
        return provider => provider.GetRequiredKeyedService<Delivery>(signal);
    }

    private static void Describe(ResourceBuilder resource)
    {
        var version = typeof(TelemetryExtensions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        // The environment comes last: what an operator names there wins.
        resource.Clear().AddService("grpcserving", serviceVersion: version).AddTelemetrySdk().AddEnvironmentVariableDetector();
    }
}
