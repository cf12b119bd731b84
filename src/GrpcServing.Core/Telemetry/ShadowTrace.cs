using System.Diagnostics;
using GrpcServing.Batching;
using GrpcServing.Models;
using GrpcServing.Shadowing;

namespace GrpcServing.Telemetry;

/// <summary>The timeline of a request's copy in a shadow lane: a trace of its own, linked to the span of the request it copies.</summary>
/// <remarks>
/// <para>
/// Made when the copy is taken, told by <see cref="RequestTrace.Answered"/> when the lane has answered it, and ended once, by
/// <see cref="Compared"/> or <see cref="Dropped"/>: a batch waits for its members.
/// </para>
/// <para>Kept when the request itself is by then: one that is sampled out costs nothing, and a failing candidate cannot use up what errors of callers may take.</para>
/// </remarks>
internal sealed class ShadowTrace : RequestTrace
{
    private readonly ActivityContext _original;
    private readonly int _rows;
    private string _outcome = "";
    private string? _reason;
    private string? _failure;
    private int _preemptions;

    private ShadowTrace(Tracer tracer, in ActivityContext original, int rows)
        : base(tracer, tracer.Time.GetTimestamp(), TraceDecision.Head, default)
    {
        _original = original;
        _rows = rows;
    }

    public override string Lane => "shadow";

    protected override bool IsCallers => false;

    protected override string Name => SpanNames.Shadow;

    protected override ActivityKind Kind => ActivityKind.Internal;

    protected override string FirstStage => SpanNames.Mirror;

    protected override string LastStage => SpanNames.Compare;

    /// <param name="original">Of the request that is copied; null when nothing is traced. On its own thread, before its end.</param>
    /// <returns>Null when the request's trace is not kept, or not known to be yet.</returns>
    public static ShadowTrace? Of(RequestTrace? original, int rows) =>
        original?.HeadSpan() is { } span ? new ShadowTrace(original.Tracer, span.Context, rows) : null;

    /// <summary>The lane has answered.</summary>
    public void Answered(ServedVersion candidate, PendingRequest copy)
    {
        _preemptions = copy.Preemptions;
        Answered(candidate, copy, ServingError.None);
    }

    /// <summary>The pair is counted.</summary>
    /// <param name="failure">Why the candidate gave no answer; null when it gave one.</param>
    public void Compared(PairOutcome outcome, string? failure)
    {
        _outcome = PairOutcomes.Label(outcome);
        _failure = failure;
        Ended(isError: outcome == PairOutcome.CandidateError);
    }

    /// <summary>There will be no pair.</summary>
    /// <param name="candidate">Where the copy was to go.</param>
    /// <param name="beforeTheLane">It was never submitted.</param>
    public void Dropped(CopyDrop reason, ServedVersion candidate, bool beforeTheLane)
    {
        _outcome = "dropped";
        _reason = CopyDrops.Label(reason);
        if (beforeTheLane) Answered(candidate, null, ServingError.None);
        Ended(isError: false);
    }

    protected override void Describe(Activity span)
    {
        span.AddLink(new ActivityLink(_original));
        span.SetTag(SpanAttributes.RequestRows, _rows);
        span.SetTag(SpanAttributes.ShadowOutcome, _outcome);
        if (_reason is not null) span.SetTag(SpanAttributes.Reason, _reason);
        if (_preemptions > 0) span.SetTag(SpanAttributes.ShadowPreemptions, _preemptions);
        if (_outcome == PairOutcomes.Label(PairOutcome.CandidateError)) span.SetStatus(ActivityStatusCode.Error, _failure);
    }
}
