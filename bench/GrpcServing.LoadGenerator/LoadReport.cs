using System.Globalization;
using System.Text.Json.Serialization;

namespace GrpcServing.LoadGenerator;

internal sealed record Percentiles(double P50, double P90, double P99, double P999, double Max);

/// <summary>What a run found. Offered = sum of the statuses: every request is answered once.</summary>
internal sealed record LoadReport
{
    public required string Name { get; init; }

    public required string Model { get; init; }

    public required double Rate { get; init; }

    public required long Offered { get; init; }

    /// <summary>Answered OK within the deadline, from the intended send time.</summary>
    public required long OnTime { get; init; }

    /// <summary>Answered OK too late.</summary>
    public required long Late { get; init; }

    public required double OnTimeFraction { get; init; }

    public required double GoodputPerSecond { get; init; }

    /// <summary>Answers by gRPC status.</summary>
    public required IReadOnlyDictionary<string, long> Statuses { get; init; }

    public required Percentiles LatencyMilliseconds { get; init; }

    /// <summary>How late the client itself sent: when this is a good part of the deadline, the client is the bottleneck.</summary>
    public required double SendLagP99Milliseconds { get; init; }

    /// <summary>On-time fraction per 100 ms of intended send time.</summary>
    public required IReadOnlyList<double> Timeline { get; init; }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Name} at {Rate:0}/s: {OnTimeFraction:P2} on time ({GoodputPerSecond:0}/s), p50 {LatencyMilliseconds.P50:0.00} ms, p99 {LatencyMilliseconds.P99:0.00} ms; {string.Join(", ", Statuses.Select(static pair => $"{pair.Key} {pair.Value}"))}; client lag p99 {SendLagP99Milliseconds:0.00} ms");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LoadReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
