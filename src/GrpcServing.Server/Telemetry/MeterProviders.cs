using System.Diagnostics.Metrics;
using OpenTelemetry.Metrics;

namespace GrpcServing.Telemetry;

/// <summary>Which meters are collected, and within which bounds.</summary>
internal static class MeterProviders
{
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel";

    // What Kestrel records for every request is left out: each costs a request as much as all its own metrics together.
    private static readonly string[] PerRequest = ["kestrel.queued_requests", "kestrel.upgraded_connections"];

    /// <summary>The server's own metrics and those of the runtime and of Kestrel: for exporters that push.</summary>
    public static MeterProviderBuilder AddServingMetrics(this MeterProviderBuilder metrics) => metrics
        .AddMeter(ServingMetrics.MeterName)
        .AddView(static instrument => instrument.Meter.Name == ServingMetrics.MeterName ? new MetricStreamConfiguration { CardinalityLimit = Bound(instrument) } : null)
        .AddRuntimeMetrics();

    /// <summary>What Prometheus gets beside the metrics that the server writes itself.</summary>
    public static MeterProviderBuilder AddMetricsBeside(this MeterProviderBuilder metrics, ServingMetrics own)
    {
        var written = own.Families.Select(static family => family.Name).ToHashSet(StringComparer.Ordinal);
        return metrics
            .AddMeter(ServingMetrics.MeterName)
            .AddView(instrument => instrument.Meter.Name == ServingMetrics.MeterName && written.Contains(instrument.Name) ? MetricStreamConfiguration.Drop : null)
            .AddRuntimeMetrics();
    }

    /// <summary>Garbage collection, thread pool, processor time, memory; connections.</summary>
    private static MeterProviderBuilder AddRuntimeMetrics(this MeterProviderBuilder metrics)
    {
        metrics.AddMeter("System.Runtime").AddMeter(Kestrel);
        foreach (var name in PerRequest) metrics.AddView(name, MetricStreamConfiguration.Drop);
        return metrics;
    }

    /// <summary>Room for the lanes that are told apart; what has no bound of its own would otherwise lose its labels at 2000 series.</summary>
    private static int Bound(Instrument instrument) => instrument.Name switch
    {
        "grpcserving.requests" => StatisticsRegistry.MaxLanes * Enum.GetValues<ErrorReason>().Length,
        "grpcserving.predictions" or "grpcserving.execution.duration" or "grpcserving.request.duration" or "grpcserving.batches.started" or "grpcserving.model.state" => StatisticsRegistry.MaxLanes * 6,
        _ => StatisticsRegistry.MaxLanes * 2,
    };
}
