using System.Collections.Immutable;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary>Triton's metrics under Triton's names, so that its dashboards and alerts go on working.</summary>
/// <remarks>
/// The sets that Triton exposes by default. Counters of time are microseconds. One difference: refusals count as failures of the reason
/// REJECTED whatever refused them, while Triton counts those of a full queue nowhere.
/// </remarks>
/// <param name="ticksPerSecond">Of the lanes' clock.</param>
internal sealed class TritonFamilies(double ticksPerSecond)
{
    private static readonly ImmutableArray<string> FailureWords = ["REJECTED", "CANCELED", "BACKEND", "OTHER"];

    private readonly CpuUsage _cpu = new();

    public ImmutableArray<MetricFamily> All =>
    [
        Counter("nv_inference_request_success", "Number of successful inference requests, all batch sizes", static lane => lane.Success.Count),
        Foreign("nv_inference_request_failure", MetricKind.Counter, "Number of failed inference requests, all batch sizes", Failures),
        Counter("nv_inference_count", "Number of inferences performed (does not include cached requests)", static lane => lane.Inferences),
        Counter("nv_inference_exec_count", "Number of model executions performed (does not include cached requests)", static lane => lane.Executions),
        Counter("nv_inference_request_duration_us", "Cumulative inference request duration in microseconds (includes cached requests)", lane => Microseconds(lane.Success)),
        Counter("nv_inference_queue_duration_us", "Cumulative inference queuing duration in microseconds (includes cached requests)", lane => Microseconds(lane.Queue)),
        Counter("nv_inference_compute_input_duration_us", "Cumulative compute input duration in microseconds (does not include cached requests)", lane => Microseconds(lane.Gather)),
        Counter("nv_inference_compute_infer_duration_us", "Cumulative compute inference duration in microseconds (does not include cached requests)", lane => Microseconds(lane.Execute)),
        Counter("nv_inference_compute_output_duration_us", "Cumulative inference compute output duration in microseconds (does not include cached requests)", lane => Microseconds(lane.Scatter)),
        Foreign("nv_inference_pending_request_count", MetricKind.Gauge, "Instantaneous number of pending requests awaiting execution per-model.",
            static snapshot => snapshot.Served().Select(static served => new Sample(Tags(served.Labels), served.Version.Lane.WaitingRequests))),
        Foreign("nv_cpu_utilization", MetricKind.Gauge, "CPU utilization rate [0.0 - 1.0]", _ => One(_cpu.Utilization())),
        Foreign("nv_cpu_memory_total_bytes", MetricKind.Gauge, "CPU total memory (RAM), in bytes", static _ => One(CpuUsage.MemoryTotal())),
        Foreign("nv_cpu_memory_used_bytes", MetricKind.Gauge, "CPU used memory (RAM), in bytes", static _ => One(CpuUsage.MemoryUsed())),
    ];

    /// <summary>Triton's word for a reason.</summary>
    internal static string FailureOf(ErrorReason reason) => reason switch
    {
        ErrorReason.Draining or ErrorReason.VersionNotReady or ErrorReason.QueueFull or ErrorReason.DeadlineUnreachable or ErrorReason.DeadlineExpired
            or ErrorReason.QueueTimeout or ErrorReason.CircuitOpen => "REJECTED",
        ErrorReason.Cancelled => "CANCELED",
        ErrorReason.ExecutionFailed => "BACKEND",
        _ => "OTHER",
    };

    private static MetricFamily Counter(string name, string description, Func<StatisticsSnapshot, double> read) =>
        Foreign(name, MetricKind.Counter, description, snapshot => Primary(snapshot).Select(lane => new Sample(Tags(lane.Labels), read(lane.Statistics))));

    private static MetricFamily Foreign(string name, MetricKind kind, string description, Func<ServingSnapshot, IEnumerable<Sample>> read) =>
        new(name, kind, "", description, read) { IsForeign = true };

    private static IEnumerable<Sample> Failures(ServingSnapshot snapshot) =>
        from lane in Primary(snapshot)
        from word in FailureWords
        let count = lane.Statistics.Failures.Where((_, reason) => reason > 0 && FailureOf((ErrorReason)reason) == word).Sum()
        select new Sample([.. Tags(lane.Labels), KeyValuePair.Create("reason", (object?)word)], count);

    /// <summary>What Triton knows: the lanes that answer.</summary>
    private static IEnumerable<LaneRecord> Primary(ServingSnapshot snapshot) => snapshot.Lanes.Where(static lane => lane.Labels.Lane == LaneLabels.Primary);

    private static KeyValuePair<string, object?>[] Tags(LaneLabels labels) =>
        [KeyValuePair.Create("model", (object?)labels.Model), KeyValuePair.Create("version", (object?)labels.Version)];

    private static IEnumerable<Sample> One(double? value) => value is { } known ? [new Sample([], known)] : [];

    private double Microseconds(DurationTotal total) => Math.Floor(total.Ticks * (1e6 / ticksPerSecond));
}
