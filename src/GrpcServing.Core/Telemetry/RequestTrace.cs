using System.Diagnostics;
using GrpcServing.Batching;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary>The timeline of one request: instants while it is on its way, spans at its end when its trace is kept.</summary>
/// <remarks>
/// <para>
/// Stages follow each other without gap or overlap, so their spans add up to the request's own:
/// receive, decode, queue, (rerun,) gather, execute, scatter, respond. A request that did not get so far has fewer. A copy is mirrored
/// instead of decoded, and compared instead of responded to.
/// </para>
/// <para>
/// The front end notes <see cref="Decoding"/> and calls <see cref="Ended"/>, once, when the answer has been written; the pipeline calls
/// <see cref="Answered"/>, once, when the answer is known. These follow each other; the batch may note its part at any time.
/// The head decision is made at once, so that <see cref="HeadSpan"/> can be linked to before the end is known.
/// </para>
/// </remarks>
public abstract class RequestTrace
{
    private readonly long _startedAt;
    private readonly ActivityContext _parent;
    private readonly ActivityTraceId _traceId;
    private TraceDecision _keptFor;
    private SpanClock.Anchor? _clock;
    private Activity? _span;
    private BatchTrace? _batch;
    private BatchPart? _part;
    private long _decodingAt;
    private long _answeredAt;
    private ServedVersion? _version;
    private PendingRequest? _request;
    private ServingError _error;

    /// <param name="startedAt">When it began, in ticks of the tracer's clock.</param>
    /// <param name="parent">The context by which it is sampled; default = it begins a trace.</param>
    protected RequestTrace(Tracer tracer, long startedAt, in ActivityContext parent)
        : this(tracer, startedAt, tracer.DecideHead(parent, startedAt, out var traceId), traceId) => _parent = parent;

    /// <param name="head">The head decision, when it was made elsewhere.</param>
    /// <param name="traceId">Of a trace that begins here; default = any.</param>
    protected RequestTrace(Tracer tracer, long startedAt, TraceDecision head, ActivityTraceId traceId)
    {
        Tracer = tracer;
        Head = head;
        _traceId = traceId;
        _startedAt = startedAt;
        _decodingAt = startedAt;
    }

    internal Tracer Tracer { get; }

    /// <summary>The decision at the head of the trace.</summary>
    internal TraceDecision Head { get; }

    /// <summary>Which kind of lane answers it.</summary>
    public virtual string Lane => "primary";

    /// <summary>Whether a caller waits for it: only then it counts among the traces of requests, and its time among those of its version.</summary>
    protected virtual bool IsCallers => true;

    /// <summary>The stage that ends with its admission to a lane.</summary>
    protected virtual string FirstStage => SpanNames.Decode;

    /// <summary>The stage that begins with its answer.</summary>
    protected virtual string LastStage => SpanNames.Respond;

    /// <summary>Why there is no answer; none when there is, or is none yet.</summary>
    protected ServingError Error => _error;

    protected abstract string Name { get; }

    protected abstract ActivityKind Kind { get; }

    /// <summary>Whose child it is; default = it begins a trace. Asked for when it is kept.</summary>
    protected virtual ActivityContext Parent => _parent;

    /// <summary>The bytes are there and are being read.</summary>
    public void Decoding() => _decodingAt = Tracer.Time.GetTimestamp();

    /// <summary>The answer is known.</summary>
    /// <param name="version">Null when none was found.</param>
    /// <param name="request">Null when it was not admitted.</param>
    public void Answered(ServedVersion? version, PendingRequest? request, ServingError error)
    {
        _version = version;
        _request = request;
        _error = error;
        _answeredAt = Tracer.Time.GetTimestamp();
        if (_span is not null) return;
        if (Head == TraceDecision.Head) Open(TraceDecision.Head);
        else if (!error.IsNone && Tracer.DecideOutcome(Head, isError: true, isSlow: false, _answeredAt) is TraceDecision.Error) Open(TraceDecision.Error);
    }

    /// <summary>The request's span while it is on its way, for links and exemplars; null unless the head decision keeps it. The request's own thread, before its end.</summary>
    public Activity? HeadSpan()
    {
        if (_span is null && Head == TraceDecision.Head) Open(TraceDecision.Head);
        return _span;
    }

    /// <summary>The answer has been written, or will never be.</summary>
    /// <param name="isError">As the caller sees it.</param>
    public void Ended(bool isError)
    {
        var now = Tracer.Time.GetTimestamp();
        // Closes the door to a batch that still wants to take it in.
        var batch = Interlocked.Exchange(ref _batch, BatchTrace.None);
        var isSlow = IsCallers && Tracer.IsSlow(_version?.Statistics.Tail, now - _startedAt, now);
        var decision = _span is null ? Tracer.DecideOutcome(Head, isError, isSlow, now) : _keptFor;
        if (_span is null && decision is TraceDecision.Head or TraceDecision.Error or TraceDecision.Slow) Open(decision);
        if (IsCallers) Tracer.Count(decision);
        if (_span is { } span) Write(span, batch, now);
        batch?.Leave();
    }

    /// <summary>The batch runs it. Batch only.</summary>
    /// <returns>False when it has ended already.</returns>
    internal bool TryJoin(BatchTrace batch) => Interlocked.CompareExchange(ref _batch, batch, null) is null;

    /// <summary>It waits again, as if it had not been in the batch, which has ended. Lane only, before the answer.</summary>
    internal void PutBack()
    {
        var batch = Volatile.Read(ref _batch);
        // None: it has ended this very moment, and has left the batch itself.
        if (batch is null || batch == BatchTrace.None || Interlocked.CompareExchange(ref _batch, null, batch) != batch) return;
        Volatile.Write(ref _part, null);
        batch.Leave();
    }

    /// <summary>How its run went. Batch only, before the answer.</summary>
    internal void Ran(BatchPart part) => Volatile.Write(ref _part, part);

    /// <summary>Says what the protocol knows of the call.</summary>
    protected abstract void Describe(Activity span);

    private void Open(TraceDecision keptFor)
    {
        var parent = Parent;
        // A trace that begins here keeps the id by which its fate was decided.
        if (parent == default && _traceId != default) parent = new ActivityContext(_traceId, default, ActivityTraceFlags.None);
        _clock = Tracer.Clock.Read();
        _span = Tracer.Start(Name, Kind, parent, _clock.Utc(_startedAt));
        _keptFor = keptFor;
    }

    private void Write(Activity span, BatchTrace? batch, long now)
    {
        var clock = _clock!;
        Describe(span);
        span.SetTag(SpanAttributes.KeptFor, Word(_keptFor));
        if (_version is { } version)
        {
            span.SetTag(SpanAttributes.Model, version.Spec.Name);
            span.SetTag(SpanAttributes.Version, version.VersionText);
            span.SetTag(SpanAttributes.Lane, Lane);
        }
        if (!_error.IsNone) span.SetTag(SpanAttributes.Reason, ReasonLabels.Of(_error.Reason));
        if (_request is { } request)
        {
            if (request.Request.Id.Length > 0) span.SetTag(SpanAttributes.RequestId, CallerText.Clip(request.Request.Id));
            span.SetTag(SpanAttributes.RequestRows, request.Rows);
            span.SetTag(SpanAttributes.Bucket, BatchTrace.Describe(request.Request.Bucket));
        }
        if (batch is not null)
        {
            batch.Link(span);
            batch.Describe(span, clock);
            if (_request!.Deadline != long.MaxValue) span.SetTag(SpanAttributes.DeadlineSlack, clock.Seconds(_request.Deadline - batch.StartedAt));
        }
        WriteStages(new Stages(Tracer, clock, span.Context, _startedAt), batch, now);
        Telemetry.Tracer.End(span, clock.Utc(Math.Max(now, _answeredAt)));
    }

    private void WriteStages(Stages stages, BatchTrace? batch, long now)
    {
        stages.Until(_decodingAt, SpanNames.Receive);
        var answered = _answeredAt == 0 ? now : _answeredAt;
        if (_request is not { ArrivedAt: > 0 } request)
        {
            stages.Until(answered, FirstStage);
        }
        else
        {
            stages.Until(request.ArrivedAt, FirstStage);
            stages.Until(batch?.StartedAt ?? answered, SpanNames.Queue);
            if (Volatile.Read(ref _part) is { } part) stages.Run(part);
            // It had gone before the run was over.
            else if (batch is not null) stages.Until(answered, SpanNames.Execute);
        }
        stages.Until(now, LastStage);
    }

    private static string Word(TraceDecision decision) => decision switch
    {
        TraceDecision.Error => "error",
        TraceDecision.Slow => "slow",
        _ => "head",
    };
}
