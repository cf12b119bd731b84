using System.Text.Json;
using Grpc.Net.Client;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.IntegrationTests.Telemetry.Otlp;
using GrpcServing.Protos;
using OpenTelemetry.Proto.Metrics.V1;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>The server as a process: its environment, its console, its end.</summary>
public sealed class TelemetryProcessTests
{
    private static readonly string[] AnyPort = ["--Serving:GrpcPort=0", "--Serving:HttpPort=0"];

    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task Terminate_WithTelemetryUnsent_DeliversTheLastOfIt(string protocol)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        // Nothing would leave for minutes but for the end.
        (string, string)[] environment =
        [
            .. receiver.Environment(protocol), ("OTEL_BSP_SCHEDULE_DELAY", "600000"), ("OTEL_BLRP_SCHEDULE_DELAY", "600000"), ("OTEL_METRIC_EXPORT_INTERVAL", "600000"),
            ("OTEL_SERVICE_NAME", "digits-of-mine"), ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.instance.id=one"),
        ];
        await using var server = ServerProcess.Start(environment, AnyPort);
        using var channel = GrpcChannel.ForAddress((await server.ReadyAsync()).Grpc);
        for (var i = 0; i < 10; i++) await ServerProcess.Client(channel).InferAsync(Digits.Request(i));
        Assert.Empty(receiver.Spans);

        server.Stop();
        Assert.Equal(0, await server.ExitAsync());

        Assert.Equal(10, receiver.Spans.Count(static span => span.Name == TracedServer.Infer));
        Assert.Contains(receiver.Logs, static record => record.Body.StringValue.StartsWith("Stopped:", StringComparison.Ordinal));
        Assert.Contains(receiver.Metrics, static metric => metric.Name.StartsWith("grpcserving.", StringComparison.Ordinal) && metric.DataCase != Metric.DataOneofCase.None);
        Assert.All(receiver.Resources, static resource => Assert.Equal(("digits-of-mine", "test", "one"),
            (resource.Attributes.Get("service.name"), resource.Attributes.Get("deployment.environment.name"), resource.Attributes.Get("service.instance.id"))));
    }

    [Fact]
    public async Task Terminate_WithACollectorThatHangs_EndsAllTheSame()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        receiver.Reception = Reception.Hang;
        await using var server = ServerProcess.Start([.. receiver.Environment(), ("OTEL_BSP_SCHEDULE_DELAY", "600000")], AnyPort);
        using var channel = GrpcChannel.ForAddress((await server.ReadyAsync()).Grpc);
        await ServerProcess.Client(channel).InferAsync(Digits.Request(0));

        var started = TimeProvider.System.GetTimestamp();
        server.Stop();

        Assert.Equal(0, await server.ExitAsync());
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Log_AsJson_IsOneObjectALineWithTheIdsOfItsTrace()
    {
        await using var server = ServerProcess.Start([], [.. AnyPort, "--Serving:LogFormat=Json"]);
        using var channel = GrpcChannel.ForAddress((await server.ReadyAsync()).Grpc);
        var (traceId, _, headers) = TracedServer.Caller();
        await ServerProcess.Client(channel).RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = "digits" }, headers, cancellationToken: TestContext.Current.CancellationToken);
        for (var i = 0; i < 5; i++) await ServerProcess.Client(channel).InferAsync(Digits.Request(i));
        server.Stop();
        Assert.Equal(0, await server.ExitAsync());

        var lines = server.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonElement.Parse(line)).ToArray();
        var loaded = lines.Where(static line => line.GetProperty("EventId").GetInt32() == 1100).ToArray();
        Assert.Equal("digits", loaded[0].GetProperty("State").GetProperty("Model").GetString());
        Assert.Contains(loaded, line => line.GetProperty("Scopes").EnumerateArray().Any(scope => scope.TryGetProperty("TraceId", out var id) && id.GetString() == traceId));
        // Changes of state only: serving, stopping, stopped, loaded, retired.
        Assert.All(lines, static line => Assert.Contains(line.GetProperty("EventId").GetInt32(), new[] { 1000, 1001, 1002, 1100, 1102 }));
    }

    [Fact]
    public async Task Start_WithVariablesThatCannotBeUsed_SaysSoAndServes()
    {
        await using var server = ServerProcess.Start([("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"), ("OTEL_TRACES_SAMPLER", "jaeger_remote"), ("OTEL_BSP_MAX_QUEUE_SIZE", "many")], AnyPort);
        await server.ReadyAsync();

        foreach (var sentence in new[] { "OTEL_EXPORTER_OTLP_ENDPOINT (collector:4317) must be", "OTEL_TRACES_SAMPLER (jaeger_remote) must be", "OTEL_BSP_MAX_QUEUE_SIZE (many) must be" })
            Assert.Contains(sentence, server.Output, StringComparison.Ordinal);
    }
}
