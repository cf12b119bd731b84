using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;
using OpenTelemetry.Proto.Logs.V1;
using OpenTelemetry.Proto.Metrics.V1;
using OpenTelemetry.Proto.Resource.V1;
using OpenTelemetry.Proto.Trace.V1;

namespace GrpcServing.IntegrationTests.Telemetry.Otlp;

/// <summary>What a receiver does with what it is sent.</summary>
internal enum Reception
{
    Accept,
    /// <summary>UNAVAILABLE or 503: the sender may try again.</summary>
    RefuseForNow,
    /// <summary>INVALID_ARGUMENT or 400.</summary>
    Refuse,
    /// <summary>Answers only when the sender has given up.</summary>
    Hang,
}

/// <summary>A collector that speaks OTLP over gRPC and over HTTP with protobuf, plain and gzip, and keeps everything it is sent.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OtlpReceiver(WebApplication app)
    {
        _app = app;
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToArray();
        Grpc = new Uri(addresses[0]);
        Http = new Uri(addresses[1]);
    }

    public Uri Grpc { get; }

    public Uri Http { get; }

    public Reception Reception { get; set; }

    public ConcurrentQueue<Span> Spans { get; } = [];

    public ConcurrentQueue<LogRecord> Logs { get; } = [];

    /// <summary>Every data point in the order in which it came.</summary>
    public ConcurrentQueue<Metric> Metrics { get; } = [];

    public ConcurrentQueue<Resource> Resources { get; } = [];

    /// <summary>What the exports said besides their content: "protocol encoding header".</summary>
    public ConcurrentQueue<(string Protocol, string Encoding, IReadOnlyDictionary<string, string> Headers)> Exports { get; } = [];

    /// <param name="grpcPort">0 = any free port.</param>
    public static async Task<OtlpReceiver> StartAsync(int grpcPort = 0, int httpPort = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc(static grpc => grpc.MaxReceiveMessageSize = null);
        builder.Services.AddSingleton<TraceReceiver>();
        builder.Services.AddSingleton<MetricsReceiver>();
        builder.Services.AddSingleton<LogsReceiver>();
        OtlpReceiver? receiver = null;
        builder.Services.AddSingleton(_ => receiver!);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, grpcPort, static listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, httpPort, static listen => listen.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        app.MapGrpcService<TraceReceiver>();
        app.MapGrpcService<MetricsReceiver>();
        app.MapGrpcService<LogsReceiver>();
        app.MapPost("/v1/traces", http => ReceiveAsync(http, receiver!, ExportTraceServiceRequest.Parser, receiver!.Take, new ExportTraceServiceResponse()));
        app.MapPost("/v1/metrics", http => ReceiveAsync(http, receiver!, ExportMetricsServiceRequest.Parser, receiver!.Take, new ExportMetricsServiceResponse()));
        app.MapPost("/v1/logs", http => ReceiveAsync(http, receiver!, ExportLogsServiceRequest.Parser, receiver!.Take, new ExportLogsServiceResponse()));
        await app.StartAsync();
        return receiver = new OtlpReceiver(app);
    }

    /// <summary>The environment of a server that sends everything here.</summary>
    public (string Name, string Value)[] Environment(string protocol = "grpc") =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", (protocol == "grpc" ? Grpc : Http).ToString()), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"), ("OTEL_BLRP_SCHEDULE_DELAY", "50"), ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
    ];

    /// <summary>The same as settings of a server.</summary>
    public string[] Settings(string protocol = "grpc") => [.. Environment(protocol).Select(static variable => $"--{variable.Name}={variable.Value}")];

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private void Take(ExportTraceServiceRequest request)
    {
        foreach (var resource in request.ResourceSpans)
        {
            Resources.Enqueue(resource.Resource);
            foreach (var span in resource.ScopeSpans.SelectMany(static scope => scope.Spans)) Spans.Enqueue(span);
        }
    }

    private void Take(ExportMetricsServiceRequest request)
    {
        foreach (var resource in request.ResourceMetrics)
        {
            Resources.Enqueue(resource.Resource);
            foreach (var metric in resource.ScopeMetrics.SelectMany(static scope => scope.Metrics)) Metrics.Enqueue(metric);
        }
    }

    private void Take(ExportLogsServiceRequest request)
    {
        foreach (var resource in request.ResourceLogs)
        {
            Resources.Enqueue(resource.Resource);
            foreach (var record in resource.ScopeLogs.SelectMany(static scope => scope.LogRecords)) Logs.Enqueue(record);
        }
    }

    private static async Task ReceiveAsync<T>(HttpContext http, OtlpReceiver receiver, MessageParser<T> parser, Action<T> take, IMessage answer)
        where T : IMessage<T>
    {
        Assert.Equal("application/x-protobuf", http.Request.ContentType);
        var encoding = http.Request.Headers.ContentEncoding.ToString();
        await using var body = encoding == "gzip" ? new GZipStream(http.Request.Body, CompressionMode.Decompress) : http.Request.Body;
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, http.RequestAborted);
        switch (receiver.Reception)
        {
            case Reception.RefuseForNow:
                http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            case Reception.Refuse:
                http.Response.StatusCode = StatusCodes.Status400BadRequest;
                return;
            case Reception.Hang:
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted);
                return;
        }
        receiver.Exports.Enqueue(("http/protobuf", encoding, Copy(http.Request.Headers)));
        take(parser.ParseFrom(bytes.ToArray()));
        http.Response.ContentType = "application/x-protobuf";
        await http.Response.Body.WriteAsync(answer.ToByteArray(), http.RequestAborted);
    }

    // Kestrel uses the original again.
    private static Dictionary<string, string> Copy(IHeaderDictionary headers) => headers.ToDictionary(static header => header.Key, static header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);

    private async Task<T> ReceiveAsync<T>(ServerCallContext context, Action take, T answer)
    {
        switch (Reception)
        {
            case Reception.RefuseForNow:
                throw new RpcException(new global::Grpc.Core.Status(StatusCode.Unavailable, "not now"));
            case Reception.Refuse:
                throw new RpcException(new global::Grpc.Core.Status(StatusCode.InvalidArgument, "never"));
            case Reception.Hang:
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
                break;
        }
        var headers = context.GetHttpContext().Request.Headers;
        Exports.Enqueue(("grpc", headers["grpc-encoding"].ToString(), Copy(headers)));
        take();
        return answer;
    }

    private sealed class TraceReceiver(OtlpReceiver receiver) : TraceService.TraceServiceBase
    {
        public override Task<ExportTraceServiceResponse> Export(ExportTraceServiceRequest request, ServerCallContext context) =>
            receiver.ReceiveAsync(context, () => receiver.Take(request), new ExportTraceServiceResponse());
    }

    private sealed class MetricsReceiver(OtlpReceiver receiver) : MetricsService.MetricsServiceBase
    {
        public override Task<ExportMetricsServiceResponse> Export(ExportMetricsServiceRequest request, ServerCallContext context) =>
            receiver.ReceiveAsync(context, () => receiver.Take(request), new ExportMetricsServiceResponse());
    }

    private sealed class LogsReceiver(OtlpReceiver receiver) : LogsService.LogsServiceBase
    {
        public override Task<ExportLogsServiceResponse> Export(ExportLogsServiceRequest request, ServerCallContext context) =>
            receiver.ReceiveAsync(context, () => receiver.Take(request), new ExportLogsServiceResponse());
    }
}
