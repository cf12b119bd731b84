using System.Diagnostics;
using System.Text;
using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary>One run of members of a batch: all of them, or those left of it after a fault.</summary>
/// <param name="Times">With an error the last instant is when it failed, and the instants of stages it did not reach are 0.</param>
/// <param name="IsRerun">Others of the same batch ran before it.</param>
internal sealed record BatchPart(StageTimes Times, ServingError Error, bool IsRerun);

/// <summary>The timeline of one batch, written as one span when the trace of a member is kept.</summary>
/// <remarks>
/// <para>
/// The thread that runs the batch opens it, notes each run and ends it. Each member takes part until its own trace has ended; whoever
/// leaves last writes. The first member that is kept makes the span, so its id exists when links to it are needed, and no sooner.
/// </para>
/// <para>Links go both ways, between spans that are written: members that were sampled out are in the count of requests only.</para>
/// </remarks>
internal sealed class BatchTrace
{
    private readonly Tracer _tracer;
    private readonly string _lane;
    private readonly ModelSpec _spec;
    private readonly ShapeBucket _bucket;
    private readonly int _requests;
    private readonly int _rows;
    private readonly int _paddedRows;
    private readonly BatchCloseReason _closeReason;
    private readonly long _plannedTicks;
    private readonly int _executor;
    private readonly long _deadline = long.MaxValue;
    private readonly Lock _lock = new();
    private readonly List<BatchPart> _parts = new(1);
    private int _open = 1;
    private long _endedAt;
    private SpanClock.Anchor? _clock;
    private Activity? _span;

    private BatchTrace(RequestTrace first, ModelSpec spec, BatchRun run)
    {
        var plan = run.Plan;
        _tracer = first.Tracer;
        _lane = first.Lane;
        _spec = spec;
        _bucket = ((PendingRequest)plan.Members[0]).Request.Bucket;
        _requests = plan.Members.Count;
        _rows = plan.Rows;
        _paddedRows = Math.Max(plan.Rows, plan.PaddedRows);
        _closeReason = plan.CloseReason;
        _plannedTicks = plan.PlannedTicks;
        _executor = run.Index;
        StartedAt = run.StartedAt;
        foreach (var member in plan.Members) _deadline = Math.Min(_deadline, member.Deadline);
    }

    private BatchTrace()
    {
        _tracer = null!;
        _lane = "";
        _spec = null!;
        _bucket = null!;
    }

    /// <summary>Stands for the batch that a request which has ended will never join.</summary>
    public static BatchTrace None { get; } = new();

    /// <summary>Start of the batch, in ticks of the lane's clock.</summary>
    public long StartedAt { get; }

    /// <summary>Opens the timeline of a batch that is about to run.</summary>
    /// <returns>Null when no member is traced.</returns>
    public static BatchTrace? Open(ModelSpec spec, BatchRun run)
    {
        BatchTrace? batch = null;
        foreach (var entry in run.Plan.Members)
        {
            if (((PendingRequest)entry).Trace is not { } member) continue;
            batch ??= new BatchTrace(member, spec, run);
            Interlocked.Increment(ref batch._open);
            if (!member.TryJoin(batch)) Interlocked.Decrement(ref batch._open);
        }
        return batch;
    }

    /// <summary>A run of members [first, end) is over; before they are answered. The thread of the batch.</summary>
    /// <param name="times">See <see cref="BatchPart"/>.</param>
    public void Ran(List<QueueEntry> members, int first, int end, StageTimes times, ServingError error)
    {
        var part = new BatchPart(times, error, IsRerun: _parts.Count > 0);
        _parts.Add(part);
        for (var i = first; i < end; i++) ((PendingRequest)members[i]).Trace?.Ran(part);
    }

    /// <summary>The last member has been answered. The thread of the batch.</summary>
    public void End(long endedAt)
    {
        Volatile.Write(ref _endedAt, endedAt);
        Leave();
    }

    /// <summary>Links the batch with a member that is written, both ways. Any thread, while the member takes part.</summary>
    public void Link(Activity member)
    {
        lock (_lock)
        {
            if (_span is null)
            {
                _clock = _tracer.Clock.Read();
                _span = _tracer.Start(SpanNames.Batch, ActivityKind.Internal, default, _clock.Utc(StartedAt));
                if (_span is null) return;
            }
            _span.AddLink(new ActivityLink(member.Context));
            member.AddLink(new ActivityLink(_span.Context));
        }
    }

    /// <summary>Says on a member's span what batch it was in. Any thread.</summary>
    public void Describe(Activity span, SpanClock.Anchor clock)
    {
        span.SetTag(SpanAttributes.BatchRequests, _requests);
        span.SetTag(SpanAttributes.BatchRows, _rows);
        span.SetTag(SpanAttributes.BatchPaddedRows, _paddedRows);
        span.SetTag(SpanAttributes.BatchCloseReason, Word(_closeReason));
        if (_plannedTicks > 0) span.SetTag(SpanAttributes.BatchPredicted, clock.Seconds(_plannedTicks));
        if (Volatile.Read(ref _endedAt) is > 0 and var endedAt) span.SetTag(SpanAttributes.BatchActual, clock.Seconds(endedAt - StartedAt));
    }

    /// <summary>A member's trace has ended, or the batch has; the last to leave writes. Once each, any thread.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _open) == 0 && _span is not null) Write(_span, _clock!);
    }

    /// <summary>A row shape as an attribute: [64], or [128] [3,32,32] for two inputs.</summary>
    public static string Describe(ShapeBucket bucket)
    {
        var text = new StringBuilder();
        foreach (var dims in bucket.RowDims) text.Append(text.Length == 0 ? "" : " ").Append('[').AppendJoin(',', dims).Append(']');
        return text.ToString();
    }

    /// <summary>The reason as an attribute and as a label: one word for each.</summary>
    public static string Word(BatchCloseReason reason) => reason switch
    {
        BatchCloseReason.Full => "full",
        BatchCloseReason.ExecutorFree => "executor_free",
        BatchCloseReason.Deadline => "deadline",
        BatchCloseReason.Delay => "delay",
        BatchCloseReason.PreferredSize => "preferred_size",
        BatchCloseReason.Draining => "draining",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Every reason has a word."),
    };

    private void Write(Activity span, SpanClock.Anchor clock)
    {
        span.SetTag(SpanAttributes.Model, _spec.Name);
        span.SetTag(SpanAttributes.Version, _spec.Version.ToString(System.Globalization.CultureInfo.InvariantCulture));
        span.SetTag(SpanAttributes.Lane, _lane);
        span.SetTag(SpanAttributes.Bucket, Describe(_bucket));
        span.SetTag(SpanAttributes.Executor, _executor);
        if (_deadline != long.MaxValue) span.SetTag(SpanAttributes.DeadlineSlack, clock.Seconds(_deadline - StartedAt));
        Describe(span, clock);
        var from = StartedAt;
        foreach (var part in _parts)
        {
            new Stages(_tracer, clock, span.Context, from).Run(part with { IsRerun = false });
            from = part.Times.Scattered;
            if (!part.Error.IsNone) span.SetStatus(ActivityStatusCode.Error, part.Error.Message);
        }
        Tracer.End(span, clock.Utc(_endedAt));
    }
}
