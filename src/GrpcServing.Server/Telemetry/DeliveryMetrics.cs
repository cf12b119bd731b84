using System.Diagnostics.Metrics;

namespace GrpcServing.Telemetry;

/// <summary>What became of the telemetry itself: read when a collector asks.</summary>
internal sealed class DeliveryMetrics
{
    public DeliveryMetrics(IMeterFactory meters, IEnumerable<Delivery> deliveries, Tracer? tracer = null)
    {
        // The factory owns the meter.
        var meter = meters.Create(ServingMetrics.MeterName);
        meter.CreateObservableCounter("grpcserving.telemetry.delivered", () => deliveries.Select(static delivery => new Measurement<long>(delivery.Delivered, Signal(delivery))), "{item}", "Spans, log records and metrics that the collector took.");
        meter.CreateObservableCounter("grpcserving.telemetry.dropped", () => deliveries.SelectMany(static delivery => new[]
        {
            new Measurement<long>(delivery.TurnedAway, Signal(delivery), KeyValuePair.Create("reason", (object?)"queue_full")),
            new Measurement<long>(delivery.Undelivered, Signal(delivery), KeyValuePair.Create("reason", (object?)"not_delivered")),
        }), "{item}", "Spans, log records and metrics that were lost.");
        if (tracer is null) return;
        meter.CreateObservableCounter("grpcserving.traces", () => Enum.GetValues<TraceDecision>().Select(decision => new Measurement<long>(tracer.Decided(decision), KeyValuePair.Create("decision", (object?)Label(decision)))), "{request}",
            "Requests by what became of their traces: kept by the head decision, for an error or for being slow, or not kept.");
    }

    /// <summary>The decision as a label: one word for each.</summary>
    public static string Label(TraceDecision decision) => decision switch
    {
        TraceDecision.Drop => "sampled_out",
        TraceDecision.Head => "head",
        TraceDecision.Error => "error",
        TraceDecision.Slow => "slow",
        TraceDecision.OverLimit => "over_limit",
        TraceDecision.NoRoom => "no_room",
        _ => throw new ArgumentOutOfRangeException(nameof(decision), decision, "Every decision has a label."),
    };

    private static KeyValuePair<string, object?> Signal(Delivery delivery) => KeyValuePair.Create("signal", (object?)delivery.Signal);
}
