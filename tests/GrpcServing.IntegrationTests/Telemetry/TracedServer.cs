using System.Text;
using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.IntegrationTests.Telemetry.Otlp;
using GrpcServing.Protos;
using OpenTelemetry.Proto.Trace.V1;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>A server of the models slow and poison, and the collector that its telemetry goes to.</summary>
internal sealed class TracedServer(TemporaryDirectory models, OtlpReceiver receiver, RunningServer server) : IAsyncDisposable
{
    public const string Infer = "inference.GRPCInferenceService/ModelInfer";

    /// <summary>Longer than any test waits.</summary>
    public const long Forever = 1L << 40;

    public RunningServer Server => server;

    public OtlpReceiver Receiver => receiver;

    public IEnumerable<Span> Requests => receiver.Spans.Where(static span => span.Name == Infer);

    /// <param name="configuration">model.json of both models.</param>
    public static async Task<TracedServer> StartAsync(string configuration, params string[] settings)
    {
        var models = TestModels.Repository("slow", "poison");
        foreach (var model in new[] { "slow", "poison" }) await File.WriteAllTextAsync(Path.Combine(models.Path, model, "model.json"), configuration, Encoding.UTF8);
        var receiver = await OtlpReceiver.StartAsync();
        return new TracedServer(models, receiver, await RunningServer.StartAsync(models.Path, [.. receiver.Settings(), .. settings]));
    }

    /// <summary>A context as a caller sends it.</summary>
    public static (string TraceId, string SpanId, Metadata Headers) Caller(bool isSampled = true)
    {
        var traceId = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray());
        var spanId = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray().AsSpan(0, 8));
        return (traceId, spanId, new Metadata { { "traceparent", $"00-{traceId}-{spanId}-{(isSampled ? "01" : "00")}" } });
    }

    public Task<ModelInferResponse> InferAsync(ModelInferRequest request, Metadata? headers = null, CancellationToken cancellation = default) =>
        server.Client.ModelInferAsync(request, headers, Calls.In(TimeSpan.FromSeconds(60)), cancellation).ResponseAsync;

    /// <summary>Sends requests that share one batch: they arrive while a run keeps the only executor busy.</summary>
    public async Task<Task<ModelInferResponse>[]> BatchAsync(string model, params (ModelInferRequest Request, Metadata? Headers)[] members)
    {
        var lane = server.Repository.Table.Find(model)!.Newest!.Lane;
        using var leaving = new CancellationTokenSource();
        var busy = Calls.StatusAsync(InferAsync(TestModels.Slow(Forever), Caller(isSampled: false).Headers, leaving.Token));
        await Calls.UntilAsync(() => lane.BusyExecutors == 1, "the endless run began");
        var calls = members.Select(member => InferAsync(member.Request, member.Headers)).ToArray();
        await Calls.UntilAsync(() => lane.WaitingRows == members.Length, () => $"all wait: {lane.WaitingRows}");
        await leaving.CancelAsync();
        await busy;
        return calls;
    }

    /// <summary>Waits for the span of a call with everything below it: a collector gets parents after their children.</summary>
    public async Task<Span> SpanAsync(Func<Span, bool> isIt)
    {
        await Calls.UntilAsync(() => receiver.Spans.Any(isIt), "the span is there");
        return Assert.Single(receiver.Spans, span => isIt(span));
    }

    public async Task<Span> RequestOfAsync(string traceId) => await SpanAsync(span => span.Name == Infer && span.Trace() == traceId);

    /// <summary>The batch that a request was in.</summary>
    public async Task<Span> BatchOfAsync(Span request)
    {
        var link = Assert.Single(request.Links);
        return await SpanAsync(span => span.SpanId.Equals(link.SpanId) && span.TraceId.Equals(link.TraceId));
    }

    public Span[] ChildrenOf(Span parent) => [.. receiver.Spans.Where(span => span.Parent() == parent.Id() && span.Trace() == parent.Trace()).OrderBy(static span => span.StartTimeUnixNano)];

    /// <summary>The direct parts of a span follow each other without gap and add up to the whole within 1 %.</summary>
    public Span[] AssertAddsUp(Span whole, params string[] names)
    {
        var parts = ChildrenOf(whole);
        Assert.Equal(names, parts.Select(static part => part.Name));
        Assert.Equal(whole.StartTimeUnixNano, parts[0].StartTimeUnixNano);
        Assert.All(parts.Zip(parts.Skip(1)), static pair => Assert.Equal(pair.First.EndTimeUnixNano, pair.Second.StartTimeUnixNano));
        Assert.InRange(parts.Sum(static part => part.Milliseconds()), whole.Milliseconds() * 0.99, whole.Milliseconds() * 1.01);
        return parts;
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await receiver.DisposeAsync();
        models.Dispose();
    }
}
