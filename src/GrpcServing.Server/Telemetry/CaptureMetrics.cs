using System.Diagnostics.Metrics;
using GrpcServing.Shadowing;

namespace GrpcServing.Telemetry;

/// <summary>The metrics of captured requests, read when a collector asks.</summary>
internal sealed class CaptureMetrics
{
    public CaptureMetrics(IMeterFactory meters, CaptureTotalsTable totals)
    {
        // The factory owns the meter.
        var meter = meters.Create(ServingMetrics.MeterName);
        meter.CreateObservableCounter("grpcserving.shadow.capture.stored", () => totals.All.Select(static model => Of(model, model.Stored)), "{request}", "Requests that shadows captured.");
        meter.CreateObservableCounter("grpcserving.shadow.capture.removed", () => totals.All.SelectMany(static model => new[]
        {
            Of(model, model.Replaced, "replaced"),
            Of(model, model.Evicted, "evicted"),
        }), "{request}", "Captured requests that made room: for a later disagreement, or under the limit on bytes.");
        meter.CreateObservableCounter("grpcserving.shadow.capture.dropped", () => totals.All.SelectMany(static model => new[]
        {
            Of(model, model.DroppedBehind, "store_behind"),
            Of(model, model.DroppedOff, "store_off"),
        }), "{request}", "Requests that were to be captured and were not, by reason.");
        meter.CreateObservableUpDownCounter("grpcserving.shadow.capture.bytes", () => totals.All.Select(static model => Of(model, model.Bytes)), "By", "Captured requests and answers on the disk.");
        meter.CreateObservableCounter("grpcserving.shadow.capture.store.failures", () => totals.Failures, "{failure}", "Times that the store of captured requests could not be opened or written.");
    }

    private static Measurement<long> Of(CaptureTotals model, long value) => new(value, KeyValuePair.Create("model", (object?)model.Model));

    private static Measurement<long> Of(CaptureTotals model, long value, string reason) => new(value, KeyValuePair.Create("model", (object?)model.Model), KeyValuePair.Create("reason", (object?)reason));
}
