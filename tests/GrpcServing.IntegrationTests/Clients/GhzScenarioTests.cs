using System.Text.Json;
using System.Text.RegularExpressions;
using Google.Protobuf;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Clients;

/// <summary>The files of bench/ghz are what ghz reads, and the server answers what they send.</summary>
/// <remarks>Those that begin with bench- are for the models of bench/models, which are not committed; here stand-ins with the same tensors answer.</remarks>
public sealed partial class GhzScenarioTests
{
    private static readonly string Folder = Path.Combine(TestPaths.Root, "bench", "ghz");

    /// <summary>Keys of a ghz configuration file, which are its long options.</summary>
    private static readonly string[] Options =
    [
        "proto", "protoset", "call", "cacert", "cert", "key", "skipTLS", "skipFirst", "cname", "authority", "insecure", "total", "async", "concurrency", "concurrency-schedule", "concurrency-start", "concurrency-end",
        "concurrency-step", "concurrency-step-duration", "concurrency-max-duration", "connections", "rps", "duration", "duration-stop", "max-duration", "timeout", "data", "data-file", "binary-file", "metadata", "metadata-file",
        "stream-interval", "stream-call-duration", "stream-call-count", "stream-dynamic-messages", "output", "format", "connect-timeout", "keepalive", "cpus", "import-paths", "name", "tags", "reflect-metadata", "debug", "host",
        "enable-compression", "load-schedule", "load-start", "load-end", "load-step", "load-step-duration", "load-max-duration", "max-recv-message-size", "max-send-message-size", "lb-strategy", "count-errors",
        "disable-template-functions", "disable-template-data",
    ];

    public static TheoryData<string> Scenarios => [.. Directory.EnumerateFiles(Folder, "*.json").Select(static file => Path.GetFileName(file)).Order()];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Scenario_AsGhzReadsIt_IsComplete(string file)
    {
        var scenario = Read(file);

        Assert.Empty(scenario.EnumerateObject().Select(static option => option.Name).Except(Options));
        Assert.True(scenario.GetProperty("insecure").GetBoolean());
        Assert.Equal("127.0.0.1:8001", scenario.GetProperty("host").GetString());
        // ghz refuses fewer calls than callers.
        Assert.True(scenario.GetProperty("total").GetInt32() >= scenario.GetProperty("concurrency").GetInt32());
        foreach (var duration in new[] { "timeout", "duration", "max-duration", "stream-interval", "connect-timeout" })
            if (scenario.TryGetProperty(duration, out var value)) Assert.Matches(Duration(), value.GetString());
        Assert.DoesNotContain("{{", scenario.GetProperty("data").GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Scenario_ProtoAndCall_AreTheServers(string file)
    {
        var scenario = Read(file);
        var call = scenario.GetProperty("call").GetString()!.Split('/');
        var proto = scenario.GetProperty("proto").GetString()!;

        Assert.Equal(GRPCInferenceService.Descriptor.FullName, call[0]);
        Assert.NotNull(GRPCInferenceService.Descriptor.FindMethodByName(call[1]));
        Assert.Equal($"protos/{GRPCInferenceService.Descriptor.File.Name}", proto);
        Assert.True(File.Exists(Path.Combine(TestPaths.Root, proto)), proto);
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Scenario_Data_IsAnswered(string file)
    {
        var scenario = Read(file);
        var isStream = GRPCInferenceService.Descriptor.FindMethodByName(scenario.GetProperty("call").GetString()!.Split('/')[1]).IsClientStreaming;
        var data = scenario.GetProperty("data");
        ModelInferRequest[] requests = [.. (data.ValueKind == JsonValueKind.Array ? data.EnumerateArray() : Enumerable.Repeat(data, 1)).Select(static message => JsonParser.Default.Parse<ModelInferRequest>(message.GetRawText()))];
        await using var server = await RunningServer.StartAsync(file.StartsWith("bench-", StringComparison.Ordinal) ? TestPaths.BenchModels : TestPaths.Examples);

        var responses = isStream ? await StreamAsync(server, requests) : [await server.Client.InferAsync(Assert.Single(requests))];

        Assert.Equal(requests.Length, responses.Count);
        Assert.All(requests.Zip(responses), static pair => Assert.Equal(pair.First.Inputs[0].Shape[0], pair.Second.Outputs[0].Shape[0]));
        Assert.All(responses, static response => Assert.Equal(response.Outputs[0].Shape.Aggregate(1L, static (product, dim) => product * dim), TestModels.Output<float>(response).Length));
    }

    private static async Task<List<ModelInferResponse>> StreamAsync(RunningServer server, ModelInferRequest[] requests)
    {
        using var call = server.Client.ModelStreamInfer(cancellationToken: TestContext.Current.CancellationToken);
        foreach (var request in requests) await call.RequestStream.WriteAsync(request, TestContext.Current.CancellationToken);
        await call.RequestStream.CompleteAsync();
        var responses = new List<ModelInferResponse>();
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
        {
            Assert.Equal("", call.ResponseStream.Current.ErrorMessage);
            responses.Add(call.ResponseStream.Current.InferResponse);
        }
        return responses;
    }

    private static JsonElement Read(string file) => JsonElement.Parse(File.ReadAllText(Path.Combine(Folder, file)));

    [GeneratedRegex(@"^\d+(ms|s|m)$")]
    private static partial Regex Duration();
}
