using System.Diagnostics;

namespace GrpcServing.Telemetry;

/// <summary>A span around each call that is no inference: metadata, statistics, loading a model. Log lines of the call carry its ids, also when no span is exported.</summary>
/// <remarks>These calls are few: their span is the current activity while they run. Questions about health and readiness have none.</remarks>
internal sealed class ManagementSpans(OtelSettings settings, Tracer? tracer = null)
{
    /// <param name="method">package.Service/Method.</param>
    public RequestDelegate AroundGrpc(string method, RequestDelegate call) => http =>
        RunAsync(http, method, call, static http => GrpcStatus.Of(http) != GrpcStatus.Ok, span => CallDescription.Grpc(span, http, method, ""));

    public RequestDelegate AroundRest(RequestDelegate call) => http =>
        RunAsync(http, CallDescription.RestName(http), call, static http => http.Response.StatusCode >= StatusCodes.Status400BadRequest, span => CallDescription.Rest(span, http, ""));

    private async Task RunAsync(HttpContext http, string name, RequestDelegate call, Func<HttpContext, bool> isError, Action<Activity> describe)
    {
        var parent = CallTracing.CallerContext(http, settings);
        var isSampled = false;
        // With nobody who listens there is an activity all the same, for the log.
        using var span = tracer?.StartCall(name, parent, out isSampled) ?? CallerActivity(name, parent);
        await call(http).ConfigureAwait(false);
        if (tracer is null) return;
        describe(span);
        if (!isSampled && !isError(http)) span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
    }

    private static Activity CallerActivity(string name, in ActivityContext parent)
    {
        var activity = new Activity(name);
        if (parent != default) activity.SetParentId(parent.TraceId, parent.SpanId, parent.TraceFlags);
        return activity.Start();
    }
}
