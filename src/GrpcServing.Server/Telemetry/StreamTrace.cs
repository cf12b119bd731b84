using System.Diagnostics;

namespace GrpcServing.Telemetry;

/// <summary>The span of a ModelStreamInfer call, parent of the spans of its requests.</summary>
/// <remarks>
/// Made when it is known to be kept: when its first request is that is kept, or at its end. Without a caller's context, where the number of
/// traces is limited, each request counts as one; otherwise the stream's fate is that of all its requests.
/// </remarks>
internal sealed class StreamTrace
{
    private const string Method = "inference.GRPCInferenceService/ModelStreamInfer";

    private readonly Tracer _tracer;
    private readonly HttpContext _http;
    private readonly ActivityContext _parent;
    private readonly long _startedAt;
    private readonly TraceDecision _head;
    private readonly ActivityTraceId _traceId;
    private readonly Lock _lock = new();
    private readonly SpanClock.Anchor _clock;
    private Activity? _span;
    private long _readingAt;

    public StreamTrace(Tracer tracer, HttpContext http, ActivityContext caller)
    {
        _tracer = tracer;
        _http = http;
        _parent = caller;
        _startedAt = tracer.Time.GetTimestamp();
        _clock = tracer.Clock.Read();
        _head = tracer.DecideHead(caller, _startedAt, out _traceId);
        SampledBy = caller != default || _traceId == default ? caller
            : new ActivityContext(_traceId, default, _head == TraceDecision.Head ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None);
    }

    /// <summary>The context by which the requests of the stream are sampled.</summary>
    public ActivityContext SampledBy { get; }

    /// <summary>The next message is there and is being read. The call's reader.</summary>
    public void Reading() => _readingAt = _tracer.Time.GetTimestamp();

    /// <summary>The message that was read last has become a request.</summary>
    public StreamMessageTrace BeginMessage() => new(_tracer, this, _readingAt);

    /// <summary>The context of the stream's span, which is written from now on. Any thread, before the end.</summary>
    public ActivityContext Open()
    {
        lock (_lock)
        {
            var parent = _parent != default || _traceId == default ? _parent : new ActivityContext(_traceId, default, ActivityTraceFlags.None);
            _span ??= _tracer.Start(Method, ActivityKind.Server, parent, _clock.Utc(_startedAt));
            return _span?.Context ?? default;
        }
    }

    /// <summary>The call is over, after all its requests.</summary>
    public void Ended()
    {
        var now = _tracer.Time.GetTimestamp();
        if (_span is null)
        {
            var decision = _tracer.DecideOutcome(_head, GrpcStatus.Of(_http) != GrpcStatus.Ok, isSlow: false, now);
            if (decision is TraceDecision.Head or TraceDecision.Error) Open();
        }
        if (_span is not { } span) return;
        CallDescription.Grpc(span, _http, Method, "");
        Tracer.End(span, _clock.Utc(now));
    }
}

/// <summary>One request of a stream, from its bytes to the writing of its answer.</summary>
internal sealed class StreamMessageTrace(Tracer tracer, StreamTrace stream, long startedAt) : RequestTrace(tracer, startedAt, stream.SampledBy)
{
    protected override string Name => SpanNames.Message;

    protected override ActivityKind Kind => ActivityKind.Internal;

    protected override ActivityContext Parent => stream.Open();

    /// <summary>Its answer has been written, or nobody reads it.</summary>
    public void Ended() => Ended(!Error.IsNone);

    protected override void Describe(Activity span)
    {
        if (!Error.IsNone) span.SetStatus(ActivityStatusCode.Error, Error.Message);
    }
}
