using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.IntegrationTests.Telemetry.Otlp;
using GrpcServing.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>A collector that fails harms neither the requests nor the memory of the server, and what is lost is counted.</summary>
[Collection(Alone.Name)]
public sealed class ExportFailureTests
{
    private const int Requests = 600;

    /// <summary>Small, so that it fills up: spans of some twenty requests.</summary>
    private static readonly string[] SmallQueue = ["--OTEL_BSP_MAX_QUEUE_SIZE=256", "--OTEL_BSP_MAX_EXPORT_BATCH_SIZE=64", "--OTEL_EXPORTER_OTLP_TIMEOUT=1500", "--OTEL_TRACES_SAMPLER=always_on"];

    [Theory]
    [InlineData("grpc", Reception.Refuse)]
    [InlineData("http/protobuf", Reception.Refuse)]
    [InlineData("grpc", Reception.RefuseForNow)]
    [InlineData("grpc", Reception.Hang)]
    [InlineData("http/protobuf", Reception.Hang)]
    internal async Task Infer_TheCollectorDoesNotTakeIt_RequestsAreServedAndLossesCounted(string protocol, Reception reception)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        receiver.Reception = reception;
        await using var server = await RunningServer.StartAsync(TestPaths.Examples, [.. receiver.Settings(protocol), .. SmallQueue]);

        await ServeAsync(server);
        var traces = Traces(server);
        await Calls.UntilAsync(() => traces.Undelivered > 0, "losses are counted");
        var metrics = await server.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Empty(receiver.Spans);
        Assert.Equal(0, traces.Delivered);
        Assert.NotEqual("", traces.Problem);
        Assert.Contains("grpcserving_telemetry_dropped", metrics, StringComparison.Ordinal);
        // A collector that refuses empties the queue as fast as one that takes.
        if (reception == Reception.Hang) Assert.True(server.Service<Tracer>().Decided(TraceDecision.NoRoom) > 0, "with a full queue no further spans are made");
        await server.AllBuffersReturnedAsync();

        receiver.Reception = Reception.Accept;
        await Calls.UntilAsync(() => traces.HasRoom(200), "the queue has emptied");
        await server.Client.InferAsync(Digits.Request(0));
        await Calls.UntilAsync(() => receiver.Spans.Any(static span => span.Name == TracedServer.Infer), "it recovers by itself");
    }

    [Fact]
    public async Task Infer_NoCollectorThere_RequestsAreServedAndItIsFoundWhenItComes()
    {
        var receiver = await OtlpReceiver.StartAsync();
        var (grpcPort, httpPort) = (receiver.Grpc.Port, receiver.Http.Port);
        await using var server = await RunningServer.StartAsync(TestPaths.Examples, [.. receiver.Settings(), .. SmallQueue]);
        await server.Client.InferAsync(Digits.Request(0));
        await Calls.UntilAsync(() => receiver.Spans.Any(static span => span.Name == TracedServer.Infer), "it arrives");

        // Killed while requests go on.
        var serving = ServeAsync(server);
        await receiver.DisposeAsync();
        await serving;
        var traces = Traces(server);
        await Calls.UntilAsync(() => traces.Undelivered > 0, "losses are counted");

        await using var again = await OtlpReceiver.StartAsync(grpcPort, httpPort);
        await Calls.UntilAsync(() => traces.HasRoom(200), "the queue has emptied");
        await server.Client.InferAsync(Digits.Request(1));
        await Calls.UntilAsync(() => again.Spans.Any(static span => span.Name == TracedServer.Infer), "it arrives again");
    }

    [Fact]
    public async Task Infer_NoEndpoint_NothingIsThere()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        await using var disabled = await RunningServer.StartAsync(TestPaths.Examples, "--OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "--OTEL_SDK_DISABLED=true");

        foreach (var one in new[] { server, disabled })
        {
            await one.Client.InferAsync(Digits.Request(0));
            Assert.Empty(one.Service<IServiceProvider>().GetServices<Delivery>());
            Assert.Null(one.Service<IServiceProvider>().GetService<Tracer>());
            Assert.True((await one.Http.GetAsync(new Uri("/v2/health/ready", UriKind.Relative), TestContext.Current.CancellationToken)).IsSuccessStatusCode);
        }
    }

    /// <summary>All are answered, and none waits for the collector.</summary>
    private static async Task ServeAsync(RunningServer server)
    {
        var slowest = 0.0;
        await Parallel.ForEachAsync(Enumerable.Range(0, Requests), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            var started = TimeProvider.System.GetTimestamp();
            await server.Client.InferAsync(Digits.Request(i % Digits.Count));
            slowest = Math.Max(slowest, TimeProvider.System.GetElapsedTime(started).TotalSeconds);
        });
        Assert.InRange(slowest, 0, 1.4);
    }

    private static Delivery Traces(RunningServer server) => server.Service<IServiceProvider>().GetRequiredKeyedService<Delivery>("traces");
}
