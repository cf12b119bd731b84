using System.Diagnostics;

namespace GrpcServing.Telemetry;

/// <summary>Writes the stages of a request or a batch, each from the end of the one before.</summary>
internal ref struct Stages(Tracer tracer, SpanClock.Anchor clock, ActivityContext parent, long from)
{
    private long _at = from;

    /// <summary>A stage that ends at this instant; none when it took no time at all.</summary>
    public void Until(long end, string name) => Until(end, name, ServingError.None);

    /// <summary>The stages of a run.</summary>
    public void Run(BatchPart part)
    {
        if (part.IsRerun) Until(part.Times.Started, SpanNames.Rerun);
        var (_, gathered, executed, scattered) = part.Times;
        if (gathered != 0) Until(gathered, SpanNames.Gather);
        if (executed != 0) Until(executed, SpanNames.Execute);
        // With an error the last instant is that of the failure, in whichever stage it was.
        Until(scattered, gathered == 0 ? SpanNames.Gather : executed == 0 ? SpanNames.Execute : SpanNames.Scatter, part.Error);
    }

    private void Until(long end, string name, ServingError error)
    {
        if (end <= _at) return;
        var span = tracer.Start(name, ActivityKind.Internal, parent, clock.Utc(_at));
        _at = end;
        if (span is null) return;
        if (!error.IsNone)
        {
            span.SetTag(SpanAttributes.Reason, ReasonLabels.Of(error.Reason));
            span.SetStatus(ActivityStatusCode.Error, error.Message);
        }
        Tracer.End(span, clock.Utc(end));
    }
}
