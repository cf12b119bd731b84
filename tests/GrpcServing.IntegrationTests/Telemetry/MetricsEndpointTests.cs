using System.Diagnostics.Metrics;
using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.IntegrationTests.Telemetry.Otlp;
using GrpcServing.Models;
using GrpcServing.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace GrpcServing.IntegrationTests.Telemetry;

[Collection(Alone.Name)]
public sealed class MetricsEndpointTests
{
    private static readonly string[] TritonNames =
    [
        "nv_inference_request_success", "nv_inference_request_failure", "nv_inference_count", "nv_inference_exec_count", "nv_inference_request_duration_us",
        "nv_inference_queue_duration_us", "nv_inference_compute_input_duration_us", "nv_inference_compute_infer_duration_us",
        "nv_inference_compute_output_duration_us", "nv_inference_pending_request_count", "nv_cpu_utilization", "nv_cpu_memory_total_bytes", "nv_cpu_memory_used_bytes",
    ];

    [Theory]
    [InlineData(false, "counter")]
    [InlineData(true, "unknown")]
    public async Task Get_InBothFormats_HasOursAndTritonsAndTheRuntimes(bool openMetrics, string foreignCounter)
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        await server.Client.InferAsync(Digits.Request(0, 3));

        var scrape = await Scrape.OfAsync(server.Http, openMetrics);

        Assert.Equal("counter", scrape.Types[openMetrics ? "grpcserving_requests" : "grpcserving_requests_total"]);
        Assert.Equal("histogram", scrape.Types["grpcserving_request_duration_seconds"]);
        Assert.Equal("gauge", scrape.Types["grpcserving_queue_rows"]);
        Assert.All(TritonNames, name => Assert.Contains(scrape.All, series => series.Name == name));
        Assert.Equal(foreignCounter, scrape.Types["nv_inference_request_success"]);
        Assert.Equal("gauge", scrape.Types["nv_inference_pending_request_count"]);
        Assert.Equal(3, scrape.Sum("nv_inference_count", ("model", "digits"), ("version", "2")));
        Assert.True(scrape.Sum("nv_inference_compute_infer_duration_us", ("model", "digits"), ("version", "2")) > 0);
        Assert.InRange(scrape.Sum("nv_cpu_utilization"), 0, 1);
        Assert.InRange(scrape.Sum("nv_cpu_memory_used_bytes"), 1, scrape.Sum("nv_cpu_memory_total_bytes"));
        Assert.True(scrape.Sum("dotnet_process_memory_working_set_bytes") > 1 << 20);
        Assert.True(scrape.Sum("kestrel_active_connections") > 0);
        Assert.Equal(1, scrape.Sum("grpcserving_model_state", ("model", "digits"), ("version", "1"), ("state", "ready")));
    }

    [Fact]
    public async Task Get_Compressed_IsTheSame()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        using var handler = new HttpClientHandler { AutomaticDecompression = System.Net.DecompressionMethods.GZip };
        using var http = new HttpClient(handler) { BaseAddress = server.Http.BaseAddress };

        var (plain, compressed) = (await Scrape.OfAsync(server.Http), await Scrape.OfAsync(http));

        Assert.Equal(plain.All.Where(IsOurs).Select(static series => series.Key), compressed.All.Where(IsOurs).Select(static series => series.Key));
    }

    [Fact]
    public async Task Get_OpenMetricsWhileRequestsAreTraced_NamesATrace()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var server = await RunningServer.StartAsync(TestPaths.Examples, [.. receiver.Settings()]);
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        var headers = new Metadata { { "traceparent", $"00-{trace}-b7ad6b7169203331-01" } };
        await server.Client.ModelInferAsync(Digits.Request(0), headers, cancellationToken: TestContext.Current.CancellationToken);
        await Calls.StatusAsync(server.Client.ModelInferAsync(Digits.Request(0, version: "2").Misshapen(), headers, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync);

        var scrape = await Scrape.OfAsync(server.Http, openMetrics: true);

        foreach (var (name, outcome) in new[] { ("grpcserving_request_duration_seconds_bucket", "ok"), ("grpcserving_request_duration_seconds_bucket", "invalid_argument"), ("grpcserving_queue_duration_seconds_bucket", "") })
        {
            var exemplar = Assert.Single(scrape.Find(name, ("model", "digits"), ("version", "2"), ("outcome", outcome)), static series => series.Exemplar is not null).Exemplar!;
            Assert.Equal(trace, exemplar.Labels["trace_id"]);
            Assert.Equal(16, exemplar.Labels["span_id"].Length);
        }
        Assert.DoesNotContain((await Scrape.OfAsync(server.Http)).All, static series => series.Exemplar is not null);
    }

    [Fact]
    public async Task Counts_OfAVersionThatIsReloadedAndUnloaded_GoOnAndStay()
    {
        using var models = TestModels.Repository("versions");
        await using var server = await RunningServer.StartAsync(models.Path);
        for (var round = 1; round <= 3; round++)
        {
            await server.Client.InferAsync(TestModels.Versions(1, "2"));
            await server.Client.LoadAsync("versions");
            Assert.Equal(round, (await Scrape.OfAsync(server.Http)).Sum("grpcserving_requests_total", ("model", "versions"), ("version", "2"), ("outcome", "ok")));
        }
        await server.Client.UnloadAsync("versions");
        Assert.Equal(StatusCode.NotFound, (await Calls.StatusAsync(server.Client.InferAsync(TestModels.Versions(1, "")))).StatusCode);
        await Calls.UntilAsync(() => server.Repository.Table.Find("versions")!.Versions.All(static version => version.State == VersionState.Unavailable), "it is unloaded");

        var scrape = await Scrape.OfAsync(server.Http);

        Assert.Equal(3, scrape.Sum("grpcserving_requests_total", ("model", "versions"), ("version", "2"), ("outcome", "ok")));
        Assert.Equal(3, scrape.Sum("grpcserving_request_duration_seconds_count", ("model", "versions"), ("version", "2"), ("outcome", "ok")));
        Assert.Equal(1, scrape.Sum("grpcserving_requests_total", ("model", "versions"), ("version", ""), ("outcome", "not_found")));
        Assert.Equal(1, scrape.Sum("grpcserving_model_state", ("model", "versions"), ("version", "2"), ("state", "unloaded")));
        Assert.Empty(scrape.Find("grpcserving_queue_rows", ("model", "versions")));
    }

    /// <summary>As an exporter of OpenTelemetry's SDK sees the meter: histograms whole at every collection, with our boundaries.</summary>
    [Fact]
    public async Task Collect_ByTheSdk_HasEveryRequestInItsHistogram()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        var collected = new CollectingExporter();
        using var reader = new BaseExportingMetricReader(collected);
        using var provider = Sdk.CreateMeterProviderBuilder().AddServingMetrics().AddReader(reader).Build();
        for (var i = 0; i < 20; i++) await server.Client.InferAsync(Digits.Request(i));

        Assert.True(provider.ForceFlush());

        var (count, bounds) = collected.Histograms["grpcserving.request.duration"];
        Assert.Equal(20, count);
        Assert.Equal([.. Buckets.Seconds, double.PositiveInfinity], bounds);
        Assert.Contains("dotnet.gc.collections", collected.Names);
        Assert.Contains("grpcserving.requests", collected.Names);
    }

    [Fact]
    public async Task Get_WithAnInstrumentOfAnotherRoom_HasItToo()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        using var meter = new Meter(ServingMetrics.MeterName);
        meter.CreateObservableGauge("grpcserving.other.room", static () => 7, "{thing}");

        var scrape = await Scrape.OfAsync(server.Http);

        Assert.Equal(7, scrape.Sum("grpcserving_other_room"));
        Assert.DoesNotContain(scrape.Find("grpcserving_requests_total"), static series => series.Labels.ContainsKey("otel_scope_name"));
    }

    [Fact]
    public async Task Requests_TooLargeToBeRead_AreCounted()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples, "--Serving:MaxRequestBytes=4096");
        using var body = new StringContent(new string(' ', 5000));

        Assert.Equal(StatusCode.ResourceExhausted, (await Calls.StatusAsync(server.Client.InferAsync(Digits.Request(0, 50)))).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.RequestEntityTooLarge, (await server.Http.PostAsync(new Uri("/v2/models/digits/infer", UriKind.Relative), body, TestContext.Current.CancellationToken)).StatusCode);

        Assert.Equal(2, (await Scrape.OfAsync(server.Http)).Sum("grpcserving_requests_total", ("model", ""), ("outcome", "invalid_argument")));
    }

    [Fact]
    public async Task Series_WhateverCallersSend_AreOfTheRepositoryOnly()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        await SendHostileAsync(server, 1);
        var before = (await Scrape.OfAsync(server.Http)).All.Count(IsOurs);

        for (var i = 2; i < 300; i++) await SendHostileAsync(server, i);

        Assert.Equal(before, (await Scrape.OfAsync(server.Http)).All.Count(IsOurs));
    }

    private static bool IsOurs(Scrape.Series series) => series.Name.StartsWith("grpcserving_", StringComparison.Ordinal) || series.Name.StartsWith("nv_", StringComparison.Ordinal);

    private static async Task SendHostileAsync(RunningServer server, int number)
    {
        foreach (var (model, version) in new[] { ($"m\"}} 1\n{number}", ""), (new string('x', 5000) + number, ""), ("digits", $"{number + 10}"), ("digits", $"v\n\"{number}"), ($"digits/{number}", "1"), ("_other", $"{number}") })
            Assert.NotEqual(StatusCode.OK, (await Calls.StatusAsync(server.Client.InferAsync(TestModels.Versions(number, version, model)))).StatusCode);
        using var body = new StringContent("{}");
        await server.Http.PostAsync(new Uri($"/v2/models/m%22%0A{number}/infer", UriKind.Relative), body, TestContext.Current.CancellationToken);
    }

    private sealed class CollectingExporter : BaseExporter<Metric>
    {
        public HashSet<string> Names { get; } = [];

        public Dictionary<string, (long Count, double[] Bounds)> Histograms { get; } = [];

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch)
            {
                Names.Add(metric.Name);
                if (metric.MetricType != MetricType.Histogram) continue;
                foreach (ref readonly var point in metric.GetMetricPoints())
                {
                    var bounds = new List<double>();
                    foreach (var bucket in point.GetHistogramBuckets()) bounds.Add(bucket.ExplicitBound);
                    Histograms[metric.Name] = (Histograms.GetValueOrDefault(metric.Name).Count + point.GetHistogramCount(), [.. bounds]);
                }
            }
            return ExportResult.Success;
        }
    }
}
