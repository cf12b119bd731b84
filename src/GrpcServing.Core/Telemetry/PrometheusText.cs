using System.Globalization;
using System.Text;

namespace GrpcServing.Telemetry;

/// <summary>Writes metrics as Prometheus reads them, in its own text format or as OpenMetrics.</summary>
/// <remarks>Pure. The end mark of OpenMetrics is the caller's to write: more families may follow.</remarks>
internal static class PrometheusText
{
    public static void Write(StringBuilder text, IEnumerable<MetricFamily> families, ServingSnapshot snapshot, bool openMetrics)
    {
        foreach (var family in families)
        {
            // A series without a family line would not be read as what it is; a family without series is left out.
            var samples = family.Read(snapshot).ToArray();
            if (samples.Length == 0) continue;
            var name = family is { Kind: MetricKind.Counter, IsForeign: false } ? $"{family.PrometheusName}_total" : family.PrometheusName;
            // OpenMetrics calls a family of counters by their name without _total.
            var described = openMetrics ? family.PrometheusName : name;
            Append(text, $"# HELP {described} {Escape(family.Description)}\n# TYPE {described} {Type(family, openMetrics)}\n");
            foreach (var sample in samples)
            {
                if (sample.Distribution is { } distribution) Write(text, name, Labels(sample.Tags), distribution, openMetrics);
                else Append(text, $"{name}{Braced(Labels(sample.Tags))} {sample.Value}\n");
            }
        }
    }

    /// <summary>OpenMetrics has no counters whose names do not end in _total; without the type, rate() works all the same.</summary>
    private static string Type(MetricFamily family, bool openMetrics) => family.Kind switch
    {
        MetricKind.Counter when family.IsForeign && openMetrics => "unknown",
        MetricKind.Counter => "counter",
        MetricKind.Gauge => "gauge",
        _ => "histogram",
    };

    private static void Write(StringBuilder text, string name, string labels, DistributionSnapshot distribution, bool openMetrics)
    {
        var comma = labels.Length == 0 ? "" : ",";
        var count = 0L;
        for (var bucket = 0; bucket < distribution.Counts.Length; bucket++)
        {
            count += distribution.Counts[bucket];
            var bound = bucket < distribution.Bounds.Length ? Bound(distribution.Bounds[bucket], openMetrics) : "+Inf";
            Append(text, $"{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}");
            if (openMetrics && !distribution.Exemplars.IsEmpty && distribution.Exemplars[bucket] is { IsNone: false } exemplar)
                Append(text, $" # {{trace_id=\"{exemplar.TraceId.ToHexString()}\",span_id=\"{exemplar.SpanId.ToHexString()}\"}} {exemplar.Value} {exemplar.UnixSeconds:F3}");
            text.Append('\n');
        }
        Append(text, $"{name}_sum{Braced(labels)} {distribution.Sum}\n{name}_count{Braced(labels)} {count}\n");
    }

    /// <summary>OpenMetrics writes a whole number as 1.0, Prometheus as 1.</summary>
    private static string Bound(double bound, bool openMetrics)
    {
        var text = bound.ToString(CultureInfo.InvariantCulture);
        return openMetrics && double.IsInteger(bound) ? $"{text}.0" : text;
    }

    private static string Braced(string labels) => labels.Length == 0 ? "" : $"{{{labels}}}";

    private static string Labels(KeyValuePair<string, object?>[] tags) =>
        string.Join(',', tags.Select(static tag => $"{tag.Key}=\"{Escape((string)tag.Value!).Replace("\"", "\\\"", StringComparison.Ordinal)}\""));

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static void Append(StringBuilder text, [System.Runtime.CompilerServices.InterpolatedStringHandlerArgument(nameof(text))] ref StringBuilder.AppendInterpolatedStringHandler handler) =>
        text.Append(CultureInfo.InvariantCulture, ref handler);
}
