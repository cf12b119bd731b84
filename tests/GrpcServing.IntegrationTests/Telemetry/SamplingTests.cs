using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.IntegrationTests.Telemetry.Otlp;
using GrpcServing.Protos;
using GrpcServing.Telemetry;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>Which traces are kept: what the head of the trace says, and besides whatever went wrong.</summary>
public sealed class SamplingTests
{
    private const string OneByOne = """{ "maxBatchSize": 4, "batching": { "policy": "greedy", "maxQueueRows": 4 }, "execution": { "instances": 1 } }""";

    [Fact]
    public async Task Infer_TheCallerSampledItOut_IsKeptOnlyIfItFails()
    {
        await using var traced = await TracedServer.StartAsync(OneByOne);
        var (good, bad, kept) = (TracedServer.Caller(isSampled: false), TracedServer.Caller(isSampled: false), TracedServer.Caller());

        await traced.InferAsync(TestModels.Slow(1), good.Headers);
        await Calls.StatusAsync(traced.InferAsync(TestModels.Poison(99), bad.Headers));
        await traced.InferAsync(TestModels.Slow(1), kept.Headers);
        await traced.RequestOfAsync(kept.TraceId);

        var request = await traced.RequestOfAsync(bad.TraceId);
        Assert.Equal((bad.SpanId, "error"), (request.Parent(), request.Get("grpcserving.kept_for")));
        Assert.DoesNotContain(traced.Receiver.Spans, span => span.Trace() == good.TraceId);
    }

    [Theory]
    [InlineData("always_off", "")]
    [InlineData("parentbased_always_off", "")]
    [InlineData("traceidratio", "0")]
    [InlineData("parentbased_traceidratio", "0.0")]
    public async Task Infer_SamplerSaysNo_ErrorsRefusalsAndTheSlowAreKept(string sampler, string argument)
    {
        await using var traced = await TracedServer.StartAsync(OneByOne, $"--OTEL_TRACES_SAMPLER={sampler}", $"--OTEL_TRACES_SAMPLER_ARG={argument}", "--Serving:SlowRequest=00:00:00.400");

        for (var i = 0; i < 20; i++) await traced.InferAsync(TestModels.Slow(1));
        await Calls.StatusAsync(traced.InferAsync(TestModels.Versions(1, "")));
        await Calls.StatusAsync(traced.InferAsync(TestModels.Poison(99)));
        await traced.InferAsync(TestModels.Slow(600_000));
        await Calls.UntilAsync(() => traced.Requests.Count() == 3, () => $"three are kept: {traced.Requests.Count()}");

        var requests = traced.Requests.ToArray();
        Assert.Equal(["error", "error", "slow"], requests.Select(static span => span.Get("grpcserving.kept_for")));
        Assert.Equal(["not_found", "execution_failed", null], requests.Select(static span => span.Get("grpcserving.reason")));
        traced.AssertAddsUp(requests[0], "receive", "decode", "respond");
        traced.AssertAddsUp(requests[1], "receive", "decode", "queue", "gather", "execute", "respond");
        traced.AssertAddsUp(requests[2], "receive", "decode", "queue", "gather", "execute", "scatter", "respond");
        await traced.BatchOfAsync(requests[2]);
    }

    [Fact]
    public async Task Infer_SlowerThanTheOthersOfTheLastMinute_IsKept()
    {
        await using var traced = await TracedServer.StartAsync(OneByOne, "--OTEL_TRACES_SAMPLER=always_off");
        for (var i = 0; i < 300; i++) await traced.InferAsync(TestModels.Slow(1));
        // The percentile is worked out once a second.
        await Task.Delay(TimeSpan.FromSeconds(1.1), TimeProvider.System, TestContext.Current.CancellationToken);
        await traced.InferAsync(TestModels.Slow(1));

        await traced.InferAsync(TestModels.Slow(300_000));
        await Calls.UntilAsync(() => traced.Requests.Any(static span => span.Milliseconds() > 100), "the slow one is there");

        Assert.All(traced.Requests, static span => Assert.Equal("slow", span.Get("grpcserving.kept_for")));
        Assert.InRange(traced.Requests.Count(), 1, 20);
    }

    [Fact]
    public async Task Infer_OnlyOneOfABatchIsSampled_TheBatchLinksToThatOne()
    {
        await using var traced = await TracedServer.StartAsync("""{ "maxBatchSize": 32, "batching": { "policy": "greedy" }, "execution": { "instances": 1 } }""");
        var (kept, dropped) = (TracedServer.Caller(), TracedServer.Caller(isSampled: false));

        await Task.WhenAll(await traced.BatchAsync("slow", (TestModels.Slow(1), kept.Headers), (TestModels.Slow(1), dropped.Headers), (TestModels.Slow(1), TracedServer.Caller(isSampled: false).Headers)));
        var batch = await traced.BatchOfAsync(await traced.RequestOfAsync(kept.TraceId));

        Assert.Equal(kept.TraceId, Assert.Single(batch.Links).TraceId.Hex());
        Assert.Equal(("3", "3"), (batch.Get("grpcserving.batch.requests"), batch.Get("grpcserving.batch.rows")));
        Assert.DoesNotContain(traced.Receiver.Spans, span => span.Trace() == dropped.TraceId);
    }

    [Fact]
    public async Task Infer_TurnedAway_TheTraceSaysWhy()
    {
        await using var traced = await TracedServer.StartAsync(OneByOne, "--OTEL_TRACES_SAMPLER=always_off");
        var lane = traced.Server.Repository.Table.Find("slow")!.Newest!.Lane;
        using var leaving = new CancellationTokenSource();
        var busy = Calls.StatusAsync(traced.InferAsync(TestModels.Slow(TracedServer.Forever), cancellation: leaving.Token));
        await Calls.UntilAsync(() => lane.BusyExecutors == 1, "the endless run began");
        var timeout = TestModels.Slow(0);
        timeout.Parameters["timeout"] = new InferParameter { Int64Param = 30_000 };

        var late = Calls.StatusAsync(traced.Server.Client.ModelInferAsync(TestModels.Slow(0), deadline: Calls.In(TimeSpan.FromMilliseconds(300))).ResponseAsync);
        var expired = Calls.StatusAsync(traced.InferAsync(timeout));
        var waiting = Enumerable.Range(0, 2).Select(_ => Calls.StatusAsync(traced.InferAsync(TestModels.Slow(0)))).ToArray();
        await Calls.UntilAsync(() => lane.WaitingRows >= 2, "they wait");
        await Task.WhenAll(late, expired);
        while (lane.WaitingRows < 4) _ = Calls.StatusAsync(traced.InferAsync(TestModels.Slow(0)));
        var refused = await Calls.StatusAsync(traced.InferAsync(TestModels.Slow(0)));
        var misfit = await Calls.StatusAsync(traced.InferAsync(new ModelInferRequest { ModelName = "slow" }));
        await leaving.CancelAsync();
        await busy;
        string[] Status(string reason) => [.. traced.Requests.Where(span => span.Get("grpcserving.reason") == reason).Select(static span => span.Get("rpc.response.status_code")!)];
        await Calls.UntilAsync(
            () => Status("deadline_expired").Length + Status("cancelled").Length >= 2 && new[] { "queue_timeout", "queue_full", "invalid_argument" }.All(reason => Status(reason).Length > 0),
            () => string.Join(", ", traced.Requests.Select(static span => span.Get("grpcserving.reason"))));

        Assert.Equal((StatusCode.ResourceExhausted, StatusCode.InvalidArgument), (refused.StatusCode, misfit.StatusCode));
        // The caller's own clock may end its call a moment before the server's does: then it has left.
        Assert.All(Status("deadline_expired"), static status => Assert.Equal("DEADLINE_EXCEEDED", status));
        Assert.Equal(2, Status("deadline_expired").Length + Status("cancelled").Length);
        Assert.Equal(["UNAVAILABLE"], Status("queue_timeout"));
        Assert.Contains("RESOURCE_EXHAUSTED", Status("queue_full"));
        Assert.Equal(["INVALID_ARGUMENT"], Status("invalid_argument"));
        Assert.All(Status("cancelled"), static status => Assert.Equal("CANCELLED", status));
        traced.AssertAddsUp(traced.Requests.First(static span => span.Get("grpcserving.reason") == "queue_timeout"), "receive", "decode", "queue", "respond");
        traced.AssertAddsUp(traced.Requests.Last(static span => span.Get("grpcserving.reason") == "cancelled"), "receive", "decode", "queue", "execute", "respond");
    }

    [Fact]
    public async Task Infer_ManyMoreThanMayBeKeptInASecond_TheRestIsCountedAndServed()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var server = await RunningServer.StartAsync(TestPaths.Examples, receiver.Settings());

        var started = TimeProvider.System.GetTimestamp();
        await Parallel.ForEachAsync(Enumerable.Range(0, 4000), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) => await server.Client.InferAsync(Digits.Request(i % Digits.Count)));
        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        var tracer = server.Service<Tracer>();
        // A request is counted once its answer has been written: its caller may know before.
        await Calls.UntilAsync(() => Enum.GetValues<TraceDecision>().Sum(tracer.Decided) == 4000, "each request is counted");
        var kept = (int)tracer.Decided(TraceDecision.Head);
        int Received() => receiver.Spans.Count(static span => span.Name == TracedServer.Infer);
        await Calls.UntilAsync(() => Received() == kept, () => $"all {kept} that were kept are there: {Received()}");

        Assert.InRange(kept, 1000, 1001 + (int)(100 * (seconds + 1)));
    }

    [Fact]
    public async Task TraceSetting_TellsWhatIsConfigured()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var traced = await RunningServer.StartAsync(TestPaths.Examples, [.. receiver.Settings(), "--OTEL_TRACES_SAMPLER=parentbased_traceidratio", "--OTEL_TRACES_SAMPLER_ARG=0.01"]);
        await using var untraced = await RunningServer.StartAsync(TestPaths.Examples);

        var on = (await traced.Client.TraceSettingAsync(new TraceSettingRequest())).Settings.ToDictionary(static pair => pair.Key, static pair => pair.Value.Value[0]);
        var off = (await untraced.Client.TraceSettingAsync(new TraceSettingRequest())).Settings.ToDictionary(static pair => pair.Key, static pair => pair.Value.Value[0]);

        Assert.Equal(("TIMESTAMPS", "100", receiver.Grpc.ToString(), "parentbased_traceidratio"), (on["trace_level"], on["trace_rate"], on["url"], on["sampler"]));
        Assert.Equal("OFF", off["trace_level"]);
        Assert.DoesNotContain("url", off.Keys);
    }
}
