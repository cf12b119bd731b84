using System.Globalization;
using GrpcServing.Models;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace GrpcServing.Telemetry;

/// <summary>Where one signal is sent, and how.</summary>
/// <param name="Endpoint">Whole: for HTTP with the path of the signal.</param>
/// <param name="Headers">key=value, separated by commas; null for none.</param>
/// <param name="HasCertificates">The connection has certificates of its own, which the exporter takes from the environment.</param>
internal sealed record OtlpTarget(Uri Endpoint, OtlpExportProtocol Protocol, string? Headers, int TimeoutMilliseconds, OtlpExportCompression Compression, bool HasCertificates);

/// <summary>The queue in front of an exporter.</summary>
/// <param name="Size">Most items that wait or are under way; further ones are dropped and counted.</param>
internal sealed record ExportQueue(int Size, int BatchSize, int DelayMilliseconds, int TimeoutMilliseconds);

/// <summary>What OpenTelemetry's variables say, from the environment or any other source of the configuration. Read once, at start.</summary>
/// <remarks>Names and meanings are the specification's ("OpenTelemetry environment variables", "OTLP exporter"); nothing is exported unless an endpoint is named.</remarks>
internal sealed record OtelSettings
{
    /// <summary>
    /// Larger than the specification's 2048: a burst of requests writes eight spans each within milliseconds. An average span takes 1 KiB here.
    /// </summary>
    private const int DefaultSpanQueue = 16_384;

    /// <summary>
    /// Most traces a second that begin here, where no sampler is configured: everything of a service that is not under load, and bounded in
    /// cost under load, where a trace with its batch takes 25 to 30 microseconds of processor (bench/results/telemetry.md).
    /// </summary>
    private const int DefaultTracesPerSecond = 100;

    private const string Endpoint = "ENDPOINT";

    private static readonly string[] Certificates = ["OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_KEY"];
    private static readonly string[] Limits = ["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT"];

    /// <summary>Null = not exported.</summary>
    public OtlpTarget? Traces { get; init; }

    /// <summary>Null = not exported.</summary>
    public OtlpTarget? Metrics { get; init; }

    /// <summary>Null = not exported.</summary>
    public OtlpTarget? Logs { get; init; }

    public required ExportQueue SpanQueue { get; init; }

    public required ExportQueue LogQueue { get; init; }

    public required int MetricIntervalMilliseconds { get; init; }

    public required int MetricTimeoutMilliseconds { get; init; }

    public required MetricReaderTemporalityPreference Temporality { get; init; }

    /// <summary>As in OTEL_TRACES_SAMPLER.</summary>
    public required string SamplerName { get; init; }

    public required Sampler Sampler { get; init; }

    /// <summary>Share of the traces that begin here and are kept by the head decision, 0 to 1.</summary>
    public required double Ratio { get; init; }

    /// <summary>Null = no limit.</summary>
    public required int? TracesPerSecond { get; init; }

    /// <summary>Whether the W3C context of a caller is looked at.</summary>
    public required bool ReadsCallerContext { get; init; }

    /// <summary>A sentence for each variable that was ignored.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    public static OtelSettings Read(IConfiguration configuration)
    {
        var variables = new OtelVariables(configuration);
        var isDisabled = variables.Flag("OTEL_SDK_DISABLED");
        var (name, sampler, ratio) = ReadSampler(variables);
        return new OtelSettings
        {
            Traces = isDisabled ? null : Target(variables, "TRACES", "v1/traces"),
            Metrics = isDisabled ? null : Target(variables, "METRICS", "v1/metrics"),
            Logs = isDisabled ? null : Target(variables, "LOGS", "v1/logs"),
            SpanQueue = Queue(variables, "OTEL_BSP", DefaultSpanQueue, 5000),
            LogQueue = Queue(variables, "OTEL_BLRP", 2048, 1000),
            MetricIntervalMilliseconds = variables.Number("OTEL_METRIC_EXPORT_INTERVAL", 60_000, 1),
            MetricTimeoutMilliseconds = variables.Number("OTEL_METRIC_EXPORT_TIMEOUT", 30_000, 1),
            Temporality = variables.Value(["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"], MetricReaderTemporalityPreference.Cumulative, "cumulative, delta or lowmemory",
                static (string text, out MetricReaderTemporalityPreference preference) => Enum.TryParse(text, ignoreCase: true, out preference) && Enum.IsDefined(preference)),
            SamplerName = name,
            Sampler = sampler,
            Ratio = ratio,
            TracesPerSecond = variables.Text("OTEL_TRACES_SAMPLER") is null ? DefaultTracesPerSecond : null,
            ReadsCallerContext = variables.Text("OTEL_PROPAGATORS") is not { } propagators || propagators.Split(',', StringSplitOptions.TrimEntries).Contains("tracecontext"),
            Warnings = variables.Warnings,
        };
    }

    /// <summary>Hands on what the exporters read from the environment of the process only. Before the first of them is made.</summary>
    public static void ExportToEnvironment(IConfiguration configuration)
    {
        foreach (var name in Limits.Concat(Certificates))
            if (configuration[name] is { Length: > 0 } value) Environment.SetEnvironmentVariable(name, value);
        // A batch links to each of its members; the specification's 128 would drop the others without a word.
        Set("OTEL_SPAN_LINK_COUNT_LIMIT", ConfigurationLimits.MaxBatchSize.ToString(CultureInfo.InvariantCulture));
        // A collector that is busy or restarts says so, and expects to be asked again.
        Set("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", "in_memory");

        void Set(string name, string fallback) => Environment.SetEnvironmentVariable(name, configuration[name] is { Length: > 0 } value ? value : fallback);
    }

    private static OtlpTarget? Target(OtelVariables variables, string signal, string path)
    {
        if (variables.Text($"OTEL_{signal}_EXPORTER") is { } exporter && exporter != "otlp")
        {
            if (exporter != "none") variables.Warn($"OTEL_{signal}_EXPORTER", exporter, "otlp or none");
            else return null;
        }
        string[] Names(string setting) => [$"OTEL_EXPORTER_OTLP_{signal}_{setting}", $"OTEL_EXPORTER_OTLP_{setting}"];

        var endpoint = variables.Value(Names(Endpoint), null, "an http or https URL such as http://localhost:4317",
            static (string text, out Uri? uri) => Uri.TryCreate(text, UriKind.Absolute, out uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps));
        if (endpoint is null) return null;
        var protocol = variables.Value(Names("PROTOCOL"), OtlpExportProtocol.Grpc, "grpc or http/protobuf", static (string text, out OtlpExportProtocol protocol) =>
        {
            protocol = text == "http/protobuf" ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
            return text is "grpc" or "http/protobuf";
        });
        // A signal's own endpoint is used as it is; the path is added to the common one.
        if (protocol == OtlpExportProtocol.HttpProtobuf && variables.Text(Names(Endpoint)[0]) is null)
            endpoint = new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/{path}");
        return new OtlpTarget(
            endpoint,
            protocol,
            variables.Value(Names("HEADERS"), null, "key=value, separated by commas", static (string text, out string? headers) =>
            {
                headers = text;
                return text.Split(',').All(static pair => pair.IndexOf('=', StringComparison.Ordinal) > 0);
            }),
            variables.Number(Names("TIMEOUT"), 10_000, 1),
            variables.Value(Names("COMPRESSION"), OtlpExportCompression.None, "gzip or none", static (string text, out OtlpExportCompression compression) => Enum.TryParse(text, ignoreCase: true, out compression) && Enum.IsDefined(compression)),
            Certificates.Any(variable => variables.Text(variable) is not null));
    }

    private static ExportQueue Queue(OtelVariables variables, string prefix, int size, int delay)
    {
        var queue = variables.Number($"{prefix}_MAX_QUEUE_SIZE", size, 1);
        var batch = variables.Number($"{prefix}_MAX_EXPORT_BATCH_SIZE", Math.Min(512, queue), 1);
        return new ExportQueue(queue, Math.Min(batch, queue), variables.Number($"{prefix}_SCHEDULE_DELAY", delay, 1), variables.Number($"{prefix}_EXPORT_TIMEOUT", 30_000, 0));
    }

    private static (string Name, Sampler Sampler, double Ratio) ReadSampler(OtelVariables variables)
    {
        const string Variable = "OTEL_TRACES_SAMPLER";
        const string Default = "parentbased_always_on";
        var name = variables.Value([Variable], Default, "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or parentbased_traceidratio", static (string text, out string name) =>
        {
            name = text;
            return text is "always_on" or "always_off" or "traceidratio" or "parentbased_always_on" or "parentbased_always_off" or "parentbased_traceidratio";
        });
        const string Parent = "parentbased_";
        var ratio = name switch
        {
            _ when name.EndsWith("always_off", StringComparison.Ordinal) => 0,
            _ when name.EndsWith("traceidratio", StringComparison.Ordinal) => variables.Value([$"{Variable}_ARG"], 1.0, "a number from 0 to 1",
                static (string text, out double share) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out share) && share is >= 0 and <= 1),
            _ => 1,
        };
        Sampler root = ratio switch { 0 => new AlwaysOffSampler(), 1 => new AlwaysOnSampler(), _ => new TraceIdRatioBasedSampler(ratio) };
        return (name, name.StartsWith(Parent, StringComparison.Ordinal) ? new ParentBasedSampler(root) : root, ratio);
    }
}
