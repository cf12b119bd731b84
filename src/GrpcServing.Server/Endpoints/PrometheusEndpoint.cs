using System.IO.Compression;
using System.Text;
using GrpcServing.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace GrpcServing.Endpoints;

/// <summary>GET /metrics: the server's own metrics, Triton's names, then everything else as OpenTelemetry's exporter writes it.</summary>
/// <remarks>
/// The exporter alone cannot do: it has no histogram that is counted per batch, and no way to write a name as it is. It decides about the
/// format, and what is written before its own body follows that. An instrument of the server's meter that is no <see cref="MetricFamily"/>
/// is the exporter's too, as are the runtime's and Kestrel's.
/// </remarks>
internal sealed class PrometheusEndpoint(ServingMetrics metrics) : IDisposable
{
    public const string Route = "/metrics";

    private readonly MeterProvider _others = Sdk.CreateMeterProviderBuilder()
        .ConfigureResource(static resource => resource.Clear())
        .AddMetricsBeside(metrics)
        .AddPrometheusExporter(static exporter => exporter.ScrapeResponseCacheDurationMilliseconds = 0)
        .Build();

    public void Map(IEndpointRouteBuilder app) =>
        app.MapPrometheusScrapingEndpoint(Route, _others, branch => branch.Use(WriteBeforeAsync), optionsName: null);

    public void Dispose() => _others.Dispose();

    private async Task WriteBeforeAsync(HttpContext http, RequestDelegate next)
    {
        var (response, body, others) = (http.Response, http.Response.Body, new MemoryStream());
        var compress = http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        // The exporter would compress its part alone.
        http.Request.Headers.AcceptEncoding = default;
        response.Body = others;
        try
        {
            await next(http).ConfigureAwait(false);
        }
        finally
        {
            response.Body = body;
        }
        if (response.StatusCode != StatusCodes.Status200OK) return;
        var own = Encoding.UTF8.GetBytes(metrics.WriteText(response.ContentType?.StartsWith("application/openmetrics-text", StringComparison.Ordinal) == true));
        if (compress) response.Headers.ContentEncoding = "gzip";
        Stream target = compress ? new GZipStream(body, CompressionLevel.Fastest, leaveOpen: true) : body;
        await target.WriteAsync(own, http.RequestAborted).ConfigureAwait(false);
        await target.WriteAsync(others.GetBuffer().AsMemory(0, (int)others.Length), http.RequestAborted).ConfigureAwait(false);
        if (compress) await target.DisposeAsync().ConfigureAwait(false);
    }
}
