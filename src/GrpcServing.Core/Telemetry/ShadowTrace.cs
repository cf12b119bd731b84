using System.Diagnostics;

namespace GrpcServing.Telemetry;

/// <summary>The timeline of a request's copy in a shadow lane: a trace of its own, linked to the span of the request it copies.</summary>
/// <remarks>
/// <para>
/// Use: <c>pending.Trace = ShadowTrace.Of(primary.Trace)</c> when the copy is admitted, <see cref="RequestTrace.Answered"/> when the lane has
/// answered it, <see cref="RequestTrace.Ended"/> when it has been compared; comparing is then its respond stage. Both exactly once, also when
/// it is dropped after admission: a batch waits for its members.
/// </para>
/// <para>Kept when the head decision keeps the request itself, and besides when the candidate fails or is slow.</para>
/// </remarks>
public sealed class ShadowTrace : RequestTrace
{
    private readonly ActivityContext _original;
    private readonly Action<Activity>? _describe;

    private ShadowTrace(Tracer tracer, ActivityContext original, Action<Activity>? describe)
        : base(tracer, tracer.Time.GetTimestamp(), original == default ? TraceDecision.Drop : TraceDecision.Head, default)
    {
        _original = original;
        _describe = describe;
    }

    public override string Lane => "shadow";

    protected override string Name => SpanNames.Shadow;

    protected override ActivityKind Kind => ActivityKind.Internal;

    /// <param name="original">Of the request that is copied; null when nothing is traced. On its own thread, before its end.</param>
    /// <param name="describe">Called at the end when the trace is written: adds what the comparison found.</param>
    /// <returns>Null when nothing is traced.</returns>
    public static ShadowTrace? Of(RequestTrace? original, Action<Activity>? describe = null) => 
        original is null ? null : new ShadowTrace(original.Tracer, original.HeadSpan()?.Context ?? default, describe);

    protected override void Describe(Activity span)
    {
        if (_original != default) span.AddLink(new ActivityLink(_original));
        _describe?.Invoke(span);
    }
}
