using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.IntegrationTests.Shadowing;
using GrpcServing.IntegrationTests.Telemetry.Otlp;
using OpenTelemetry.Proto.Trace.V1;
using Status = OpenTelemetry.Proto.Trace.V1.Status;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>The traces of copies, as a collector gets them.</summary>
public sealed class ShadowTraceTests
{
    [Fact]
    public async Task Copy_OfASampledRequest_IsATraceOfItsOwnLinkedToIt()
    {
        await using var shadowed = await StartAsync(candidate: 9);
        var caller = TracedServer.Caller();

        await InferAsync(shadowed, 1, caller.Headers, "first");
        var shadow = await ShadowOfAsync(shadowed, caller.TraceId);

        Assert.Equal("", shadow.Parent());
        Assert.NotEqual(caller.TraceId, shadow.Trace());
        Assert.Equal(("shadowed", "9", "shadow", "1"), (shadow.Get("grpcserving.model.name"), shadow.Get("grpcserving.model.version"), shadow.Get("grpcserving.lane"), shadow.Get("grpcserving.request.rows")));
        Assert.Equal(("agree", "first", null), (shadow.Get("grpcserving.shadow.outcome"), shadow.Get("grpcserving.request.id"), shadow.Get("grpcserving.reason")));
        Assert.Equal(["mirror", "queue", "gather", "execute", "scatter", "compare"], StagesOf(shadowed, shadow));
        var batch = await BatchOfAsync(shadowed, shadow);
        Assert.Equal(("9", "shadow"), (batch.Get("grpcserving.model.version"), batch.Get("grpcserving.lane")));
        Assert.Equal(shadow.Id(), Assert.Single(batch.Links).SpanId.Hex());
        // A copy is no request: it does not count as one.
        Assert.Equal(1, shadowed.Server.Server.Service<GrpcServing.Telemetry.Tracer>().Decided(GrpcServing.Telemetry.TraceDecision.Head));
    }

    [Fact]
    public async Task Copy_OfARequestThatIsNotSampled_LeavesNoTrace()
    {
        // The candidate fails, which alone would be worth a trace.
        await using var shadowed = await StartAsync(candidate: 4);
        var marker = TracedServer.Caller();

        for (var i = 0; i < 3; i++) await InferAsync(shadowed, ShadowServer.Trigger, TracedServer.Caller(isSampled: false).Headers);
        await shadowed.Server.SettledAsync("shadowed", 3);
        await InferAsync(shadowed, ShadowServer.Trigger, marker.Headers);
        var shadow = await ShadowOfAsync(shadowed, marker.TraceId);

        Assert.Equal("candidate_error", shadow.Get("grpcserving.shadow.outcome"));
        Assert.Equal(Status.Types.StatusCode.Error, shadow.Status.Code);
        Assert.Contains("failed", shadow.Status.Message, StringComparison.Ordinal);
        Assert.Single(shadowed.Receiver.Spans, static span => span.Name == "shadow");
    }

    [Fact]
    public async Task Copy_ThatIsDropped_SaysWhy()
    {
        await using var shadowed = await StartAsync(candidate: 8);
        var caller = TracedServer.Caller();

        await InferAsync(shadowed, 1, caller.Headers);
        var shadow = await ShadowOfAsync(shadowed, caller.TraceId);

        Assert.Equal(("dropped", "not_comparable", "8", "1"), (shadow.Get("grpcserving.shadow.outcome"), shadow.Get("grpcserving.reason"), shadow.Get("grpcserving.model.version"), shadow.Get("grpcserving.request.rows")));
        Assert.Single(shadow.Links);
    }

    [Fact]
    public async Task Copy_WhoseRunWasCutShort_ShowsTheRunThatAnsweredIt()
    {
        await using var shadowed = await StartAsync(candidate: 5);

        for (var i = 0; i < 40; i++)
        {
            await InferAsync(shadowed, ShadowServer.Trigger, TracedServer.Caller().Headers);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
        }
        await shadowed.Server.SettledAsync("shadowed", 40);
        await Calls.UntilAsync(() => shadowed.Receiver.Spans.Count(static span => span.Name == "shadow") == 40, "all copies are there");

        var preempted = shadowed.Receiver.Spans.Where(static span => span.Get("grpcserving.shadow.preemptions") is not null && span.Get("grpcserving.shadow.outcome") == "agree").ToArray();
        Assert.NotEmpty(preempted);
        foreach (var shadow in preempted)
        {
            Assert.Equal(["mirror", "queue", "gather", "execute", "scatter", "compare"], StagesOf(shadowed, shadow));
            var batch = await BatchOfAsync(shadowed, shadow);
            Assert.Equal(["gather", "execute", "scatter"], StagesOf(shadowed, batch));
        }
    }

    private static async Task<Shadowed> StartAsync(long candidate)
    {
        var receiver = await OtlpReceiver.StartAsync();
        var server = await ShadowServer.OverShadowedAsync(receiver.Settings());
        var settings = ShadowServer.Settings(candidate);
        settings.ControlFraction = 0;
        await server.StartShadowAsync("shadowed", settings);
        return new Shadowed(receiver, server);
    }

    private static async Task InferAsync(Shadowed shadowed, float first, Metadata headers, string id = "") =>
        await shadowed.Server.Client.ModelInferAsync(ShadowServer.Shadowed(first, id), headers, Calls.In(TimeSpan.FromSeconds(60)), TestContext.Current.CancellationToken);

    /// <summary>The shadow's span that is linked to the call of this trace.</summary>
    private static async Task<Span> ShadowOfAsync(Shadowed shadowed, string traceId)
    {
        await Calls.UntilAsync(() => shadowed.Receiver.Spans.Any(IsIt) && shadowed.Receiver.Spans.Any(IsCall), "the spans of the call and of its shadow are there");
        var shadow = Assert.Single(shadowed.Receiver.Spans, IsIt);
        Assert.Equal(Assert.Single(shadowed.Receiver.Spans, IsCall).Id(), shadow.Links[0].SpanId.Hex());
        return shadow;

        bool IsIt(Span span) => span.Name == "shadow" && span.Links[0].TraceId.Hex() == traceId;

        bool IsCall(Span span) => span.Name == TracedServer.Infer && span.Trace() == traceId;
    }

    private static async Task<Span> BatchOfAsync(Shadowed shadowed, Span shadow)
    {
        Assert.Equal(2, shadow.Links.Count);
        var id = shadow.Links[1].SpanId;
        await Calls.UntilAsync(() => shadowed.Receiver.Spans.Any(span => span.SpanId.Equals(id)), "the batch is there");
        var batch = Assert.Single(shadowed.Receiver.Spans, span => span.SpanId.Equals(id));
        Assert.Equal("batch", batch.Name);
        return batch;
    }

    private static string[] StagesOf(Shadowed shadowed, Span whole) =>
        [.. shadowed.Receiver.Spans.Where(span => span.Parent() == whole.Id()).OrderBy(static span => span.StartTimeUnixNano).Select(static span => span.Name)];

    private sealed record Shadowed(OtlpReceiver Receiver, ShadowServer Server) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            await Receiver.DisposeAsync();
        }
    }
}
