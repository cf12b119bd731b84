using System.Globalization;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary>One promise, and the series that tell how often it is broken.</summary>
/// <param name="Name">Word for the promise: <c>availability</c>, <c>latency</c>, <c>deadline-met</c>; also its runbook.</param>
/// <param name="Alert">Name of its alerts.</param>
/// <param name="Target">Share that must be good.</param>
/// <param name="Promise">The promise as a sentence without its subject.</param>
/// <param name="Bad">Rate of broken promises by model; <c>WINDOW</c> stands for the window.</param>
/// <param name="Total">Rate of all that count, by model.</param>
internal sealed record SloObjective(string Name, string Alert, decimal Target, string Promise, string Bad, string Total)
{
    private const string ServerFaults = "not_ready|draining|queue_full|queue_timeout|circuit_open|execution_failed|internal";

    // What a caller did, and what the deadline objective judges.
    private const string NotCounted = "invalid_argument|not_found|unsupported|cancelled|deadline_unreachable|deadline_expired";

    /// <param name="models">Label matcher for the models, with a comma after it.</param>
    public static SloObjective Availability(decimal target, string models) => new(
        "availability", "GrpcServingAvailability", target, $"{Percent(target)} of requests are answered",
        Rate($"grpcserving_requests_total{{{models}lane=~\"|primary\",outcome=~\"{ServerFaults}\"}}"),
        Rate($"grpcserving_requests_total{{{models}lane=~\"|primary\",outcome!~\"{NotCounted}\"}}"));

    public static SloObjective Latency(LatencySlo slo, string models)
    {
        var seconds = slo.Threshold.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        // Prometheus writes whole numbers in one way or the other, by its version and the format that it scraped.
        var bound = double.IsInteger(slo.Threshold.TotalSeconds) ? $"le=~\"{seconds}([.]0)?\"" : $"le=\"{seconds}\"";
        var answered = $"{models}lane=\"primary\",outcome=\"ok\"";
        var total = Rate($"grpcserving_request_duration_seconds_count{{{answered}}}");
        return new SloObjective(
            "latency", "GrpcServingLatency", slo.Target, $"{Percent(slo.Target)} of answers take at most {seconds} s",
            $"{total} - {Rate($"grpcserving_request_duration_seconds_bucket{{{answered},{bound}}}")}",
            total);
    }

    public static SloObjective DeadlineMet(decimal target, string models) => new(
        "deadline-met", "GrpcServingDeadlineMet", target, $"{Percent(target)} of requests with a deadline are answered in time",
        Rate($"grpcserving_deadlines_total{{{models}lane=\"primary\",result=\"missed\"}}"),
        Rate($"grpcserving_deadlines_total{{{models}lane=\"primary\"}}"));

    public static IEnumerable<SloObjective> Of(SloConfiguration slo, string models)
    {
        if (slo.Availability is { } availability) yield return Availability(availability, models);
        if (slo.Latency is { } latency) yield return Latency(latency, models);
        if (slo.DeadlineMet is { } deadlineMet) yield return DeadlineMet(deadlineMet, models);
    }

    /// <summary>Share of broken promises in a window.</summary>
    /// <remarks>Without traffic there is no value: 0 / 0 is no number, and one such would spoil the average of a whole month.</remarks>
    public string ErrorRatio(string window) => $"""
        (
          {Bad}
          or
          {Total} * 0
        )
        /
        ({Total} > 0)
        """.Replace("WINDOW", window, StringComparison.Ordinal);

    private static string Rate(string series) => $"sum by (model) (rate({series}[WINDOW]))";

    private static string Percent(decimal target) => string.Create(CultureInfo.InvariantCulture, $"{target * 100:0.###} %");
}
