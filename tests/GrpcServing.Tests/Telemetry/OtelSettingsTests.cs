using GrpcServing.Batching;
using GrpcServing.Telemetry;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace GrpcServing.Tests.Telemetry;

public class OtelSettingsTests
{
    [Fact]
    public void Read_Nothing_ExportsNothing()
    {
        var settings = Read();

        Assert.Null(settings.Traces ?? settings.Metrics ?? settings.Logs);
        Assert.Equal(("parentbased_always_on", 1.0, 100), (settings.SamplerName, settings.Ratio, settings.TracesPerSecond));
        Assert.Empty(settings.Warnings);
    }

    [Theory]
    [InlineData("grpc", "http://collector:4317/")]
    [InlineData("http/protobuf", "http://collector:4317/v1/traces")]
    public void Read_CommonEndpoint_IsThatOfEverySignal(string protocol, string expected)
    {
        var settings = Read(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_EXPORTER_OTLP_TIMEOUT", "777"), ("OTEL_EXPORTER_OTLP_HEADERS", "a=b"));

        Assert.Equal(expected, settings.Traces!.Endpoint.ToString());
        Assert.Equal(protocol == "grpc" ? expected : "http://collector:4317/v1/metrics", settings.Metrics!.Endpoint.ToString());
        Assert.Equal((777, "a=b"), (settings.Logs!.TimeoutMilliseconds, settings.Logs.Headers));
    }

    [Fact]
    public void Read_EndpointOfOneSignal_IsUsedAsItIsAndTheOthersAreNotExported()
    {
        var settings = Read(("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://jaeger:4318/custom"), ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"), ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"));

        Assert.Equal(("http://jaeger:4318/custom", OtlpExportProtocol.HttpProtobuf, OtlpExportCompression.GZip), (settings.Traces!.Endpoint.ToString(), settings.Traces.Protocol, settings.Traces.Compression));
        Assert.Null(settings.Metrics ?? settings.Logs);
    }

    [Fact]
    public void Read_ExporterNoneOrSdkDisabled_LeavesOut()
    {
        (string, string) endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317");
        var noLogs = Read(endpoint, ("OTEL_LOGS_EXPORTER", "none"));
        var disabled = Read(endpoint, ("OTEL_SDK_DISABLED", "TRUE"));

        Assert.NotNull(noLogs.Traces);
        Assert.Null(noLogs.Logs);
        Assert.Null(disabled.Traces ?? disabled.Metrics ?? disabled.Logs);
    }

    [Fact]
    public void Read_Queues_BatchNeverExceedsTheQueue()
    {
        var settings = Read(("OTEL_BSP_MAX_QUEUE_SIZE", "100"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "400"), ("OTEL_BLRP_SCHEDULE_DELAY", "7"), ("OTEL_METRIC_EXPORT_INTERVAL", "5"), ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"));

        Assert.Equal(new ExportQueue(100, 100, 5000, 30_000), settings.SpanQueue);
        Assert.Equal(new ExportQueue(2048, 512, 7, 30_000), settings.LogQueue);
        Assert.Equal((5, MetricReaderTemporalityPreference.Delta), (settings.MetricIntervalMilliseconds, settings.Temporality));
    }

    [Theory]
    [InlineData("always_on", "", 1.0)]
    [InlineData("always_off", "", 0.0)]
    [InlineData("traceidratio", "0.25", 0.25)]
    [InlineData("parentbased_traceidratio", "", 1.0)]
    [InlineData("parentbased_always_off", "0.5", 0.0)]
    public void Read_Sampler_CountsAsItIsWithoutALimit(string name, string argument, double ratio)
    {
        var settings = Read(("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", argument));

        Assert.Equal((name, ratio, (int?)null), (settings.SamplerName, settings.Ratio, settings.TracesPerSecond));
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]
    [InlineData("OTEL_TRACES_SAMPLER", "jaeger_remote")]
    [InlineData("OTEL_BSP_MAX_QUEUE_SIZE", "0")]
    [InlineData("OTEL_METRIC_EXPORT_INTERVAL", "soon")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "sometimes")]
    public void Read_WhatCannotBeUsed_IsIgnoredWithAWarningThatNamesIt(string name, string value)
    {
        var settings = Read((name, value));

        Assert.StartsWith($"{name} ({value}) must be", Assert.Single(settings.Warnings.Distinct()), StringComparison.Ordinal);
        Assert.Null(settings.Traces);
    }

    [Fact]
    public void Words_OfEveryDecisionAndCloseReason_AreDistinct()
    {
        Assert.Distinct(Enum.GetValues<TraceDecision>().Select(DeliveryMetrics.Label));
        Assert.Distinct(Enum.GetValues<BatchCloseReason>().Select(BatchTrace.Word));
        Assert.Distinct(Enum.GetValues<Grpc.Core.StatusCode>().Select(static code => code == Grpc.Core.StatusCode.Unknown ? "" : GrpcStatus.Name(code)));
    }

    private static OtelSettings Read(params (string Name, string Value)[] variables) =>
        OtelSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(variables.Select(static variable => KeyValuePair.Create(variable.Name, (string?)variable.Value))).Build());
}
