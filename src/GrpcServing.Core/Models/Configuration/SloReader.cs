using System.Globalization;
using GrpcServing.Telemetry;

namespace GrpcServing.Models;

/// <summary>Reads <c>"slo"</c> of model.json.</summary>
internal static class SloReader
{
    private const double LeastTarget = 0.5;
    private const double MostTarget = 0.99999;

    /// <returns>Null when the section is not there.</returns>
    public static SloConfiguration? Read(JsonSection? section)
    {
        if (section is null) return null;
        var slo = new SloConfiguration(Target(section, "availability"), ReadLatency(section.Section("latency")), Target(section, "deadlineMet"));
        section.Finish();
        return slo;
    }

    private static LatencySlo? ReadLatency(JsonSection? section)
    {
        if (section is null) return null;
        var threshold = section.Duration("threshold", TimeSpan.FromMilliseconds(0.1), TimeSpan.FromSeconds(10));
        var target = Target(section, "target");
        foreach (var key in new[] { "threshold", "target" })
            if (!section.Has(key)) section.Report(key, "is missing: a latency objective has a threshold and a target");
        section.Finish();
        if (threshold is null || target is null) return null;
        if (Buckets.Seconds.Contains(threshold.Value.TotalSeconds)) return new LatencySlo(threshold.Value, target.Value);
        section.Report("threshold", $"({threshold.Value:c}) must be one that durations are counted by: {string.Join(", ", Buckets.Seconds.Select(Text))} seconds");
        return null;
    }

    /// <summary>What a double says in decimal digits, so that 1 - 0.999 is 0.001.</summary>
    private static decimal? Target(JsonSection section, string key) =>
        section.Number(key, LeastTarget, MostTarget) is { } target ? (decimal)target.Value : null;

    private static string Text(double seconds) => seconds.ToString(CultureInfo.InvariantCulture);
}
