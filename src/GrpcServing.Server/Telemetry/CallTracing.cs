using System.Diagnostics;

namespace GrpcServing.Telemetry;

/// <summary>Begins the trace of each inference call, and ends it when its last byte has been handed to the connection.</summary>
/// <remarks>There is one when traces are exported, and none otherwise. Any thread.</remarks>
internal sealed class CallTracing(Tracer tracer, OtelSettings settings)
{
    /// <param name="startedAt">When the call began, in ticks of the clock.</param>
    public RequestTrace BeginUnary(HttpContext http, long startedAt) => EndWithResponse(http, new GrpcCallTrace(tracer, http, CallerContext(http, settings), startedAt));

    public RequestTrace BeginUnary(HttpContext http) => BeginUnary(http, tracer.Time.GetTimestamp());

    public RequestTrace BeginRest(HttpContext http) => EndWithResponse(http, new RestCallTrace(tracer, http, CallerContext(http, settings), tracer.Time.GetTimestamp()));

    public StreamTrace BeginStream(HttpContext http)
    {
        var trace = new StreamTrace(tracer, http, CallerContext(http, settings));
        http.Response.OnCompleted(static trace =>
        {
            ((StreamTrace)trace).Ended();
            return Task.CompletedTask;
        }, trace);
        return trace;
    }

    /// <summary>The context that the caller sent (W3C); default when there is none, or one that cannot be read.</summary>
    public static ActivityContext CallerContext(HttpContext http, OtelSettings settings)
    {
        var parent = http.Request.Headers.TraceParent;
        if (parent.Count != 1 || !settings.ReadsCallerContext) return default;
        return ActivityContext.TryParse(parent, http.Request.Headers.TraceState.ToString() is { Length: > 0 } state ? state : null, isRemote: true, out var context) ? context : default;
    }

    private static CallTrace EndWithResponse(HttpContext http, CallTrace trace)
    {
        // Callbacks run last to first: after the one that releases the response.
        http.Response.OnCompleted(static trace =>
        {
            ((CallTrace)trace).Ended();
            return Task.CompletedTask;
        }, trace);
        return trace;
    }
}
