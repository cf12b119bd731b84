using System.Collections.Immutable;

namespace GrpcServing.Telemetry;

/// <summary>What the numbers of a metric mean.</summary>
public enum MetricKind
{
    /// <summary>Never falls while its series lasts.</summary>
    Counter,
    /// <summary>What is now.</summary>
    Gauge,
    Histogram,
}

/// <summary>One series of a metric at one instant.</summary>
/// <param name="Distribution">Of a histogram; null otherwise.</param>
public readonly record struct Sample(KeyValuePair<string, object?>[] Tags, double Value, DistributionSnapshot? Distribution = null);

/// <summary>A metric: its name and what is read for it when somebody asks.</summary>
/// <param name="Name">By OpenTelemetry's rules, dotted; a foreign one as it is written.</param>
/// <param name="Unit">UCUM: <c>s</c>, <c>By</c>, or what is counted in braces.</param>
/// <param name="Read">Reads all series.</param>
public sealed record MetricFamily(string Name, MetricKind Kind, string Unit, string Description, Func<ServingSnapshot, IEnumerable<Sample>> Read)
{
    /// <summary>Upper bounds of a histogram's buckets.</summary>
    public ImmutableArray<double> Bounds { get; init; } = [];

    /// <summary>True for a name of another server's, which is exposed to Prometheus exactly as it is and is no instrument.</summary>
    public bool IsForeign { get; init; }

    /// <summary>The name that Prometheus knows it by: by OpenTelemetry's rules, underscores, the unit's word, and <c>_total</c> on a counter.</summary>
    public string PrometheusName { get; } = Unit switch
    {
        "s" => $"{Name.Replace('.', '_')}_seconds",
        "By" => $"{Name.Replace('.', '_')}_bytes",
        _ => Name.Replace('.', '_'),
    };
}
