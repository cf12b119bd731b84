using System.Diagnostics.Metrics;
using GrpcServing.Batching;
using GrpcServing.Shadowing;

namespace GrpcServing.Telemetry;

/// <summary>The metrics of the shadows, read from their last readings when a collector asks. One series per model that has or had a shadow, its last.</summary>
internal sealed class ShadowMetrics
{
    private readonly ShadowRegistry _shadows;

    public ShadowMetrics(IMeterFactory meters, ShadowRegistry shadows)
    {
        _shadows = shadows;
        var meter = meters.Create(ServingMetrics.MeterName);
        meter.CreateObservableCounter("grpcserving.shadow.pairs", Pairs, "{pair}", "Pairs by outcome: agree, disagree, candidate_error, primary_error.");
        meter.CreateObservableCounter("grpcserving.shadow.dropped", Dropped, "{request}", "Chosen requests that did not become pairs, by reason.");
        meter.CreateObservableCounter("grpcserving.shadow.eligible", () => Each(static reading => reading.Eligible), "{request}", "Requests that the shadow might have copied.");
        meter.CreateObservableCounter("grpcserving.shadow.mirrored", () => Each(static reading => reading.Mirrored), "{request}", "Requests that were copied.");
        meter.CreateObservableCounter("grpcserving.shadow.control.pairs", () => Each(static reading => reading.ControlPairs), "{pair}", "Pairs that the primary ran again.");
        meter.CreateObservableCounter("grpcserving.shadow.control.disagreements", () => Each(static reading => reading.ControlDisagreements), "{pair}", "Of those, where the primary disagreed with itself.");
        meter.CreateObservableGauge("grpcserving.shadow.coverage", () => Each(static reading => reading.Coverage), "1", "Pairs over the requests chosen to be copied.");
        meter.CreateObservableGauge("grpcserving.shadow.fraction", () => Each(static reading => reading.Fraction), "1", "Share of the eligible requests copied now; 0 when the shadow has ended.");
        meter.CreateObservableGauge("grpcserving.shadow.log_e_value", () => Of(Guard.Disagreement, static guard => guard.LogE), "1", "Natural logarithm of the evidence against the disagreement budget, either way.");
        meter.CreateObservableGauge("grpcserving.shadow.disagreement.lower", () => Of(Guard.Disagreement, static guard => guard.Lower), "1", "Share of disagreeing pairs: lower end of its confidence sequence.");
        meter.CreateObservableGauge("grpcserving.shadow.disagreement.upper", () => Of(Guard.Disagreement, static guard => guard.Upper), "1", "Share of disagreeing pairs: upper end of its confidence sequence.");
        meter.CreateObservableGauge("grpcserving.shadow.execution.ratio", () => Of(Guard.ExecutionTime, static guard => guard.Estimate), "1", "Execution time per row at equal batch shape, candidate over primary.");
        meter.CreateObservableGauge("grpcserving.shadow.verdict", () => Each(static reading => reading.Verdict.Verdict switch { Verdict.Pass => 1L, Verdict.Fail => -1L, _ => 0L }), "1", "1 = PASS, 0 = UNDECIDED, -1 = FAIL.");
        meter.CreateObservableUpDownCounter("grpcserving.shadow.queue.requests", () => Each(static reading => reading.Waiting), "{request}", "Copies that wait or run.");
        meter.CreateObservableUpDownCounter("grpcserving.shadow.queue.bytes", () => Each(static reading => reading.WaitingBytes), "By", "Bytes that they hold.");
    }

    private IEnumerable<Measurement<long>> Pairs()
    {
        foreach (var session in _shadows.Sessions)
        {
            var reading = session.Reading;
            yield return Labelled(session, reading.Agreeing, "outcome", PairOutcomes.Label(PairOutcome.Agree));
            yield return Labelled(session, reading.Disagreeing, "outcome", PairOutcomes.Label(PairOutcome.Disagree));
            yield return Labelled(session, reading.CandidateErrors, "outcome", PairOutcomes.Label(PairOutcome.CandidateError));
            yield return Labelled(session, reading.PrimaryErrors, "outcome", PairOutcomes.Label(PairOutcome.PrimaryError));
        }
    }

    private IEnumerable<Measurement<long>> Dropped()
    {
        foreach (var session in _shadows.Sessions)
        {
            var dropped = session.Reading.Dropped;
            for (var reason = 1; reason < dropped.Length; reason++) yield return Labelled(session, dropped[reason], "reason", CopyDrops.Label((CopyDrop)reason));
        }
    }

    private IEnumerable<Measurement<T>> Each<T>(Func<ShadowReading, T> read)
        where T : struct => _shadows.Sessions.Select(session => new Measurement<T>(read(session.Reading), Tags(session)));

    /// <summary>Nothing for a guard that has seen nothing: there is no number to show.</summary>
    private IEnumerable<Measurement<double>> Of(Guard guard, Func<GuardReading, double> read)
    {
        foreach (var session in _shadows.Sessions)
            if (session.Reading.Guard(guard) is { Observations: > 0 } reading) yield return new Measurement<double>(read(reading), Tags(session));
    }

    private static Measurement<long> Labelled(ShadowSession session, long value, string label, string text) => new(value, [.. Tags(session), KeyValuePair.Create(label, (object?)text)]);

    private static KeyValuePair<string, object?>[] Tags(ShadowSession session) =>
    [
        KeyValuePair.Create("model", (object?)session.Sides.Model),
        KeyValuePair.Create("version", (object?)session.Candidate.VersionText),
        KeyValuePair.Create("lane", (object?)"shadow"),
    ];
}
