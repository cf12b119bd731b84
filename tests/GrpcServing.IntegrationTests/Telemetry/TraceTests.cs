using System.Net;
using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.IntegrationTests.Telemetry.Otlp;
using GrpcServing.Protos;
using OpenTelemetry.Proto.Trace.V1;
using Status = OpenTelemetry.Proto.Trace.V1.Status;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>Whole traces, as a collector gets them.</summary>
public sealed class TraceTests
{
    private const string OneByOne = """{ "maxBatchSize": 32, "batching": { "policy": "greedy" }, "execution": { "instances": 1 } }""";
    private const string LargeBatches = """{ "maxBatchSize": 256, "batching": { "policy": "greedy" }, "execution": { "instances": 1 } }""";

    private static readonly string[] Stages = ["receive", "decode", "queue", "gather", "execute", "scatter", "respond"];

    [Theory]
    [InlineData("grpc", "none")]
    [InlineData("grpc", "gzip")]
    [InlineData("http/protobuf", "none")]
    [InlineData("http/protobuf", "gzip")]
    public async Task Infer_OverEachProtocol_TheCollectorGetsTheWholeTrace(string protocol, string compression)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var server = await RunningServer.StartAsync(TestPaths.Examples, [.. receiver.Settings(protocol), $"--OTEL_EXPORTER_OTLP_COMPRESSION={compression}", "--OTEL_EXPORTER_OTLP_HEADERS=x-tenant=seven,x-other=8"]);

        await server.Client.InferAsync(Digits.Request(0));
        await Calls.UntilAsync(() => receiver.Spans.Count >= 12, "twelve spans are there");

        string[] expected = [TracedServer.Infer, .. Stages, "batch", "gather", "execute", "scatter"];
        Assert.Equal(expected.Order(StringComparer.Ordinal), receiver.Spans.Select(static span => span.Name).Order(StringComparer.Ordinal));
        var (by, encoding, headers) = receiver.Exports.First();
        Assert.Equal(protocol, by);
        Assert.Equal(compression == "none" ? "" : compression, encoding);
        Assert.Equal(("seven", "8"), (headers["x-tenant"], headers["x-other"]));
        var resource = receiver.Resources.First();
        Assert.Equal("grpcserving", resource.Attributes.Get("service.name"));
        Assert.Equal("opentelemetry", resource.Attributes.Get("telemetry.sdk.name"));
        Assert.NotEmpty(resource.Attributes.Get("service.instance.id")!);
    }

    [Fact]
    public async Task Infer_ThirtyTwoInABatchUnderLoad_EachTraceShowsEveryMillisecond()
    {
        await using var traced = await TracedServer.StartAsync(OneByOne);
        var callers = Enumerable.Range(0, 32).Select(static _ => TracedServer.Caller()).ToArray();

        var calls = await traced.BatchAsync("slow", [.. callers.Select(static caller => (TestModels.Slow(20_000), (Metadata?)caller.Headers))]);
        await Task.WhenAll(calls);

        Span? batch = null;
        foreach (var caller in callers)
        {
            var request = await traced.RequestOfAsync(caller.TraceId);
            Assert.Equal(caller.SpanId, request.Parent());
            Assert.Equal(Span.Types.SpanKind.Server, request.Kind);
            traced.AssertAddsUp(request, Stages);
            batch ??= await traced.BatchOfAsync(request);
            Assert.Equal(batch.Id(), Assert.Single(request.Links).SpanId.Hex());
            Assert.Contains(batch.Links, link => link.SpanId.Equals(request.SpanId) && link.TraceId.Equals(request.TraceId));
            Assert.Equal(("32", "32", "full"), (request.Get("grpcserving.batch.requests"), request.Get("grpcserving.batch.rows"), request.Get("grpcserving.batch.close_reason")));
        }
        Assert.Equal(32, batch!.Links.Count);
        Assert.Equal("", batch.Parent());
        Assert.DoesNotContain(batch.Trace(), callers.Select(static caller => caller.TraceId));
        var parts = traced.AssertAddsUp(batch, "gather", "execute", "scatter");
        // The same instants as in each member's trace.
        var execute = Assert.Single(traced.ChildrenOf(await traced.RequestOfAsync(callers[5].TraceId)), static part => part.Name == "execute");
        Assert.InRange(execute.Milliseconds(), parts[1].Milliseconds() - 0.001, parts[1].Milliseconds() + 0.001);
    }

    [Fact]
    public async Task Infer_ABatchBeyondTheUsualLimitOfLinks_KeepsThemAll()
    {
        await using var traced = await TracedServer.StartAsync(LargeBatches);

        await Task.WhenAll(await traced.BatchAsync("slow", [.. Enumerable.Range(0, 200).Select(static _ => (TestModels.Slow(0), (Metadata?)TracedServer.Caller().Headers))]));
        var batch = await traced.SpanAsync(static span => span.Name == "batch" && span.Get("grpcserving.batch.requests") == "200");

        Assert.Equal(200, batch.Links.Count);
        Assert.Equal(0u, batch.DroppedLinksCount);
        Assert.Equal(200, batch.Links.Select(static link => link.SpanId).Distinct().Count());
    }

    [Fact]
    public async Task Infer_WithADeadline_SaysWhatTheSchedulerReckonedWith()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var server = await RunningServer.StartAsync(TestPaths.Examples, receiver.Settings());
        for (var i = 0; i < 5; i++) await server.Client.ModelInferAsync(Digits.Request(i, rows: 3), deadline: Calls.In(TimeSpan.FromSeconds(5)));

        await Calls.UntilAsync(() => receiver.Spans.Count(static span => span.Name == TracedServer.Infer) == 5, "five requests are there");
        var request = receiver.Spans.Last(static span => span.Name == TracedServer.Infer);

        Assert.Equal(("grpc", TracedServer.Infer, "OK"), (request.Get("rpc.system.name"), request.Get("rpc.method"), request.Get("rpc.response.status_code")));
        Assert.Equal(("digits", "2", "primary"), (request.Get("grpcserving.model.name"), request.Get("grpcserving.model.version"), request.Get("grpcserving.lane")));
        Assert.Equal(("3", "[64]", "4"), (request.Get("grpcserving.request.rows"), request.Get("grpcserving.bucket"), request.Get("grpcserving.request.id")));
        Assert.Equal("head", request.Get("grpcserving.kept_for"));
        Assert.Equal("127.0.0.1", request.Get("network.peer.address"));
        Assert.Equal(Status.Types.StatusCode.Unset, request.Status?.Code ?? Status.Types.StatusCode.Unset);
        Assert.InRange(request.Number("grpcserving.batch.predicted_duration"), 1e-6, 0.1);
        Assert.InRange(request.Number("grpcserving.batch.actual_duration"), 1e-6, 5);
        Assert.InRange(request.Number("grpcserving.deadline.slack"), 1, 5);
    }

    [Fact]
    public async Task Infer_AGuiltyMember_TheTraceTellsItFromItsNeighbours()
    {
        await using var traced = await TracedServer.StartAsync(OneByOne, "--OTEL_TRACES_SAMPLER=always_on");
        // A batch of the two is a matter of luck: until it happens.
        Span guilty;
        Span neighbour;
        do
        {
            var (bad, good) = (TracedServer.Caller(), TracedServer.Caller());
            var calls = Enumerable.Range(0, 4).Select(_ => traced.InferAsync(TestModels.Poison(0))).ToArray();
            await Task.WhenAll(Calls.StatusAsync(traced.InferAsync(TestModels.Poison(99), bad.Headers)), traced.InferAsync(TestModels.Poison(1), good.Headers), Task.WhenAll(calls));
            guilty = await traced.RequestOfAsync(bad.TraceId);
            neighbour = await traced.RequestOfAsync(good.TraceId);
        }
        while (!neighbour.Links[0].SpanId.Equals(guilty.Links[0].SpanId));

        Assert.Equal(("INTERNAL", "INTERNAL", "execution_failed"), (guilty.Get("rpc.response.status_code"), guilty.Get("error.type"), guilty.Get("grpcserving.reason")));
        Assert.Equal(Status.Types.StatusCode.Error, guilty.Status.Code);
        Assert.Contains("Running model 'poison' version 1 failed", guilty.Status.Message, StringComparison.Ordinal);
        traced.AssertAddsUp(guilty, "receive", "decode", "queue", "rerun", "gather", "execute", "respond");
        traced.AssertAddsUp(neighbour, "receive", "decode", "queue", "rerun", "gather", "execute", "scatter", "respond");
        Assert.Null(neighbour.Get("grpcserving.reason"));
        var batch = await traced.BatchOfAsync(guilty);
        Assert.Equal(Status.Types.StatusCode.Error, batch.Status.Code);
        Assert.True(traced.ChildrenOf(batch).Count(static part => part.Name == "execute") >= 3, "the whole, and then its parts");
    }

    [Fact]
    public async Task Rest_Infer_HasASpanByTheConventionsOfHttp()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var server = await RunningServer.StartAsync(TestPaths.Examples, receiver.Settings());
        var (traceId, spanId, headers) = TracedServer.Caller();
        using var body = new StringContent($$"""{"inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 64], "data": [{{string.Join(',', Digits.Image(0))}}]}]}""");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/models/digits/infer") { Content = body };
        request.Headers.Add("traceparent", headers[0].Value);

        using var response = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        using var missing = await server.Http.PostAsync(new Uri("/v2/models/none/infer", UriKind.Relative), new StringContent("{}"), TestContext.Current.CancellationToken);
        await Calls.UntilAsync(() => receiver.Spans.Count(static span => span.Kind == Span.Types.SpanKind.Server) == 2, "both are there");

        var span = Assert.Single(receiver.Spans, span => span.Trace() == traceId && span.Kind == Span.Types.SpanKind.Server);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(("POST /v2/models/{model}/infer", spanId), (span.Name, span.Parent()));
        Assert.Equal(("POST", "/v2/models/{model}/infer", "200", "/v2/models/digits/infer"), (span.Get("http.request.method"), span.Get("http.route"), span.Get("http.response.status_code"), span.Get("url.path")));
        Assert.Equal(Stages, receiver.Spans.Where(part => part.Parent() == span.Id()).OrderBy(static part => part.StartTimeUnixNano).Select(static part => part.Name));
        var failed = Assert.Single(receiver.Spans, span => span.Trace() != traceId && span.Kind == Span.Types.SpanKind.Server);
        Assert.Equal((HttpStatusCode.NotFound, "404", "not_found"), (missing.StatusCode, failed.Get("http.response.status_code"), failed.Get("grpcserving.reason")));
    }

    [Fact]
    public async Task Stream_ThreeMessages_EachHasASpanUnderThatOfTheStream()
    {
        await using var traced = await TracedServer.StartAsync(OneByOne);
        var (traceId, spanId, headers) = TracedServer.Caller();
        using (var stream = traced.Server.Client.ModelStreamInfer(headers, cancellationToken: TestContext.Current.CancellationToken))
        {
            await stream.RequestStream.WriteAsync(TestModels.Slow(10));
            await stream.RequestStream.WriteAsync(TestModels.Versions(1, ""));
            await stream.RequestStream.WriteAsync(TestModels.Slow(10));
            await stream.RequestStream.CompleteAsync();
            while (await stream.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
            {
            }
        }

        var call = await traced.SpanAsync(span => span.Name == "inference.GRPCInferenceService/ModelStreamInfer");
        var messages = traced.ChildrenOf(call);
        Assert.Equal((traceId, spanId), (call.Trace(), call.Parent()));
        Assert.Equal(["message", "message", "message"], messages.Select(static message => message.Name));
        Assert.Equal([null, "not_found", null], messages.Select(static message => message.Get("grpcserving.reason")));
        Assert.All(messages, message => Assert.InRange(message.EndTimeUnixNano, message.StartTimeUnixNano, call.EndTimeUnixNano));
        traced.AssertAddsUp(messages[0], "decode", "queue", "gather", "execute", "scatter", "respond");
        traced.AssertAddsUp(messages[1], "decode", "respond");
        await traced.BatchOfAsync(messages[2]);
    }

    [Fact]
    public async Task Load_OfAModel_HasASpanAndItsLogLinesCarryItsIds()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var server = await RunningServer.StartAsync(TestPaths.Examples, [.. receiver.Settings(), "--Logging:LogLevel:Default=Information"]);
        var (traceId, spanId, headers) = TracedServer.Caller();

        await server.Client.RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = "digits" }, headers, cancellationToken: TestContext.Current.CancellationToken);
        await server.Client.InferAsync(Digits.Request(0));
        await Calls.UntilAsync(() => receiver.Spans.Any(static span => span.Name.EndsWith("RepositoryModelLoad", StringComparison.Ordinal)) && receiver.Logs.Any(record => record.TraceId.Hex() == traceId && record.Attributes.Get("Version") == "2"), "both are there");

        var span = receiver.Spans.First(static span => span.Name == "inference.GRPCInferenceService/RepositoryModelLoad");
        Assert.Equal((traceId, spanId, "OK"), (span.Trace(), span.Parent(), span.Get("rpc.response.status_code")));
        var line = receiver.Logs.First(record => record.TraceId.Hex() == traceId && record.Attributes.Get("Version") == "2");
        Assert.Equal(span.Id(), line.SpanId.Hex());
        Assert.StartsWith("Serving model digits version 2", line.Body.StringValue, StringComparison.Ordinal);
        Assert.Equal("digits", line.Attributes.Get("Model"));
        // The lane goes on without the call that made it.
        Assert.All(receiver.Spans.Where(static span => span.Name is "batch" or TracedServer.Infer), batch => Assert.NotEqual(traceId, batch.Trace()));
    }
}
