using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.IntegrationTests.Telemetry.Otlp;
using GrpcServing.Protos;
using OpenTelemetry.Proto.Trace.V1;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>Whole traces, as a collector gets them.</summary>
public sealed class TraceTests
{
    private const string Infer = "inference.GRPCInferenceService/ModelInfer";

    private static readonly string[] Stages = ["receive", "decode", "queue", "gather", "execute", "scatter", "respond"];

    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task Infer_OneRequest_ItsTraceShowsWhereTheTimeWent(string protocol)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var server = await RunningServer.StartAsync(TestPaths.Models, receiver.Settings(protocol));

        await server.Client.InferAsync(TestModels.Slow(20_000));
        await Calls.UntilAsync(() => receiver.Spans.Count >= 12, "the spans are there");

        var spans = receiver.Spans.ToArray();
        var request = Assert.Single(spans, static span => span.Name == Infer);
        AssertAddsUp(request, spans);
        var batch = Assert.Single(spans, static span => span.Name == "batch");
        Assert.Equal(batch.Id(), Assert.Single(request.Links).SpanId.Hex());
        Assert.Equal(request.Id(), Assert.Single(batch.Links).SpanId.Hex());
        Assert.Equal(["gather", "execute", "scatter"], spans.Where(span => span.Parent() == batch.Id()).Select(static span => span.Name));
    }

    /// <summary>The direct parts of a request follow each other and add up to the whole.</summary>
    private static void AssertAddsUp(Span request, IReadOnlyCollection<Span> all)
    {
        var parts = all.Where(span => span.Parent() == request.Id()).OrderBy(static span => span.StartTimeUnixNano).ToArray();
        Assert.Equal(Stages, parts.Select(static part => part.Name));
        Assert.All(parts, part => Assert.Equal(request.Trace(), part.Trace()));
        Assert.All(parts.Zip(parts.Skip(1)), static pair => Assert.InRange((long)(pair.Second.StartTimeUnixNano - pair.First.EndTimeUnixNano), -100, 100));
        Assert.InRange(parts.Sum(static part => part.Milliseconds()), request.Milliseconds() * 0.99, request.Milliseconds() * 1.01);
    }
}
