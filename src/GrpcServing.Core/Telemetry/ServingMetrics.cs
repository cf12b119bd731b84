using System.Diagnostics.Metrics;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary>The metrics of the server: read from the statistics of the versions when a collector asks, so serving pays nothing for them.</summary>
/// <remarks>Seconds and UCUM units. Counters start anew when a version is loaded anew, as Prometheus expects of a restart.</remarks>
public sealed class ServingMetrics : IDisposable
{
    public const string MeterName = "GrpcServing";

    private readonly Meter _meter;
    private readonly ModelRepository _repository;
    private readonly TimeProvider _time;

    public ServingMetrics(IMeterFactory meters, ModelRepository repository, TimeProvider time)
    {
        _meter = meters.Create(MeterName);
        _repository = repository;
        _time = time;
        _meter.CreateObservableCounter("grpcserving.requests", Requests, "{request}", "Requests by outcome: ok, or the reason of the error.");
        _meter.CreateObservableCounter("grpcserving.rows", () => Each(static (_, statistics) => statistics.Inferences), "{row}", "Rows answered.");
        _meter.CreateObservableCounter("grpcserving.batches", () => Each(static (_, statistics) => statistics.Executions), "{batch}", "Runs of the model.");
        _meter.CreateObservableCounter("grpcserving.batches.split", () => Each(static (_, statistics) => statistics.Splits), "{batch}", "Batches that failed as a whole and were run again in parts.");
        _meter.CreateObservableCounter("grpcserving.request.time", () => Each((_, statistics) => Seconds(statistics.Success.Ticks)), "s", "Time of answered requests, arrival to answer.");
        _meter.CreateObservableCounter("grpcserving.queue.time", () => Each((_, statistics) => Seconds(statistics.Queue.Ticks)), "s", "Time of answered requests in the queue.");
        _meter.CreateObservableCounter("grpcserving.execute.time", () => Each((_, statistics) => Seconds(statistics.Batches.Sum(static size => size.Execute.Ticks))), "s", "Time of the device.");
        _meter.CreateObservableCounter("grpcserving.execute.wasted_time", () => Each((_, statistics) => Seconds(statistics.WastedTicks)), "s", "Time of the device for callers who had gone.");
        _meter.CreateObservableUpDownCounter("grpcserving.queue.rows", () => Each(static (version, _) => version.Lane.WaitingRows), "{row}", "Rows waiting.");
        _meter.CreateObservableUpDownCounter("grpcserving.executors", () => Each(static (version, _) => (long)version.Lane.Executors), "{executor}", "Batches that can run at the same time.");
        _meter.CreateObservableUpDownCounter("grpcserving.executors.busy", () => Each(static (version, _) => (long)version.Lane.BusyExecutors), "{executor}", "Batches that run.");
        _meter.CreateObservableCounter("grpcserving.plan.time", () => Each((version, _) => Seconds(version.Latency.Error.PlannedTicks)), "s", "Planned time of batches that had a plan.");
        _meter.CreateObservableCounter("grpcserving.plan.actual_time", () => Each((version, _) => Seconds(version.Latency.Error.ActualTicks)), "s", "Actual time of batches that had a plan.");
        _meter.CreateObservableCounter("grpcserving.plan.error", () => Each((version, _) => Seconds(version.Latency.Error.AbsoluteErrorTicks)), "s", "Difference between planned and actual time, without sign.");
        _meter.CreateObservableUpDownCounter("grpcserving.model.ready", Ready, "{version}", "1 for each version that is ready.");
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> Requests()
    {
        foreach (var version in Served())
        {
            var statistics = version.Statistics.Snapshot();
            yield return new Measurement<long>(statistics.Success.Count, [.. Tags(version), KeyValuePair.Create("outcome", (object?)"ok")]);
            for (var reason = 1; reason < statistics.Failures.Length; reason++)
            {
                if (statistics.Failures[reason] == 0) continue;
                yield return new Measurement<long>(statistics.Failures[reason], [.. Tags(version), KeyValuePair.Create("outcome", (object?)ReasonLabel((ErrorReason)reason))]);
            }
        }
    }

    /// <summary>The reason as a label: one word for each, never a message.</summary>
    public static string ReasonLabel(ErrorReason reason) => reason switch
    {
        ErrorReason.None => "ok",
        ErrorReason.InvalidArgument => "invalid_argument",
        ErrorReason.NotFound => "not_found",
        ErrorReason.VersionNotReady => "not_ready",
        ErrorReason.Draining => "draining",
        ErrorReason.QueueFull => "queue_full",
        ErrorReason.DeadlineUnreachable => "deadline_unreachable",
        ErrorReason.DeadlineExpired => "deadline_expired",
        ErrorReason.QueueTimeout => "queue_timeout",
        ErrorReason.Cancelled => "cancelled",
        ErrorReason.CircuitOpen => "circuit_open",
        ErrorReason.ExecutionFailed => "execution_failed",
        ErrorReason.Unsupported => "unsupported",
        ErrorReason.Internal => "internal",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Every reason has a label."),
    };

    private IEnumerable<Measurement<long>> Ready() => Served().Select(static version => new Measurement<long>(1, Tags(version)));

    private IEnumerable<Measurement<T>> Each<T>(Func<ServedVersion, StatisticsSnapshot, T> read)
        where T : struct =>
        Served().Select(version => new Measurement<T>(read(version, version.Statistics.Snapshot()), Tags(version)));

    private IEnumerable<ServedVersion> Served() =>
        from model in _repository.Table.Models.Values
        from version in model.Versions
        where version.Served is not null
        select version.Served;

    private static KeyValuePair<string, object?>[] Tags(ServedVersion version) =>
        [KeyValuePair.Create("model", (object?)version.Spec.Name), KeyValuePair.Create("version", (object?)version.VersionText)];

    private double Seconds(long ticks) => (double)ticks / _time.TimestampFrequency;
}
