using System.Diagnostics;

namespace GrpcServing.Telemetry;

/// <summary>The one source of spans, and the decision which traces are kept.</summary>
/// <remarks>
/// <para>
/// There is one when traces are exported, and none otherwise: then nothing below costs anything. While a request is on its way only
/// instants are noted (<see cref="RequestTrace"/>). Spans are made when it is known whether the trace is kept, with the instants as their
/// start and end, so a trace that is not kept costs one object, and the slow and the failed can be kept after the fact.
/// </para>
/// <para>Any thread.</para>
/// </remarks>
public sealed class Tracer : IDisposable
{
    public const string SourceName = "GrpcServing";

    private readonly ActivitySource _source = new(SourceName);
    private readonly TraceSampling _sampling;
    private readonly RateLimit? _heads;
    private readonly RateLimit _outcomes;
    private readonly long _slowTicks;
    private readonly long[] _decisions = new long[Enum.GetValues<TraceDecision>().Length];

    public Tracer(TraceSampling sampling, TimeProvider time)
    {
        _sampling = sampling;
        Time = time;
        Clock = new SpanClock(time);
        _heads = sampling.HeadPerSecond is { } perSecond ? new RateLimit(perSecond, sampling.Burst, time.TimestampFrequency) : null;
        _outcomes = new RateLimit(sampling.OutcomePerSecond, sampling.Burst, time.TimestampFrequency);
        _slowTicks = (long)((sampling.SlowerThan?.TotalSeconds ?? 0) * time.TimestampFrequency);
    }

    internal TimeProvider Time { get; }

    internal SpanClock Clock { get; }

    /// <summary>Starts the span of a call that is no inference, and makes it current; whoever gets it ends it.</summary>
    /// <param name="isSampled">False: the head decision is not to keep it.</param>
    /// <returns>Null only while the exporter is being shut down.</returns>
    public Activity? StartCall(string name, in ActivityContext parent, out bool isSampled)
    {
        isSampled = DecideHead(parent, Time.GetTimestamp(), out var traceId) == TraceDecision.Head;
        var context = parent != default || traceId == default ? parent : new ActivityContext(traceId, default, ActivityTraceFlags.None);
        if (context == default) Activity.Current = null;
        return _source.StartActivity(name, ActivityKind.Server, context);
    }

    /// <summary>Whether a span is of this source.</summary>
    public bool Wrote(Activity span) => span.Source == _source;

    /// <summary>Traces decided so far, by decision. Requests only, each once.</summary>
    public long Decided(TraceDecision decision) => Interlocked.Read(ref _decisions[(int)decision]);

    public void Dispose() => _source.Dispose();

    /// <summary>The decision at the head of a trace.</summary>
    /// <param name="parent">The caller's context; default when there is none.</param>
    /// <param name="traceId">The caller's; for a trace that begins here a new one, or default when it was not needed to decide.</param>
    internal TraceDecision DecideHead(in ActivityContext parent, long now, out ActivityTraceId traceId)
    {
        traceId = parent.TraceId;
        if (traceId == default)
        {
            if (_heads is not null)
            {
                if (!_sampling.Head(parent, default)) return TraceDecision.Drop;
                if (!_heads.TryTake(now)) return TraceDecision.OverLimit;
                return Room(TraceDecision.Head);
            }
            traceId = ActivityTraceId.CreateRandom();
        }
        return _sampling.Head(parent, traceId) ? Room(TraceDecision.Head) : TraceDecision.Drop;
    }

    /// <summary>The decision at the end of a trace.</summary>
    /// <param name="head">That at its head.</param>
    internal TraceDecision DecideOutcome(TraceDecision head, bool isError, bool isSlow, long now)
    {
        if (head is TraceDecision.Head or TraceDecision.NoRoom || (!isError && !isSlow)) return head;
        if (!_outcomes.TryTake(now)) return TraceDecision.OverLimit;
        return Room(isError ? TraceDecision.Error : TraceDecision.Slow);
    }

    /// <summary>Counts a request's duration, and says whether it is slow.</summary>
    /// <param name="tail">Of its model version; null when it did not get so far.</param>
    internal bool IsSlow(LatencyTail? tail, long duration, long now)
    {
        var isInTail = tail?.Record(duration, now) ?? false;
        return _slowTicks == 0 ? isInTail : duration > _slowTicks;
    }

    internal void Count(TraceDecision decision) => Interlocked.Increment(ref _decisions[(int)decision]);

    /// <summary>Starts a span that is to be written. The current activity of the caller's thread stays what it was.</summary>
    /// <param name="parent">Default = it begins a trace.</param>
    /// <returns>Null only while the exporter is being shut down.</returns>
    internal Activity? Start(string name, ActivityKind kind, in ActivityContext parent, DateTime start)
    {
        var current = Activity.Current;
        // Would otherwise become the parent of a span that has none.
        if (current is not null && parent == default) Activity.Current = null;
        var span = _source.StartActivity(name, kind, parent, startTime: start);
        if (span is not null || Activity.Current != current) Activity.Current = current;
        return span;
    }

    /// <summary>Ends a span. The current activity of the caller's thread stays what it was.</summary>
    internal static void End(Activity span, DateTime end)
    {
        var current = Activity.Current;
        // A duration of zero would count as "not set".
        span.SetEndTime(end > span.StartTimeUtc ? end : span.StartTimeUtc.AddTicks(1));
        span.Stop();
        Activity.Current = current;
    }

    /// <summary>Writes a span whole.</summary>
    internal Activity? Write(string name, in ActivityContext parent, DateTime start, DateTime end)
    {
        var span = Start(name, ActivityKind.Internal, parent, start);
        if (span is not null) End(span, end);
        return span;
    }

    private TraceDecision Room(TraceDecision decision) => _sampling.HasRoom() ? decision : TraceDecision.NoRoom;
}
