using System.Globalization;
using OpenTelemetry.Proto.Common.V1;
using OpenTelemetry.Proto.Trace.V1;

namespace GrpcServing.IntegrationTests.Telemetry.Otlp;

/// <summary>Reads spans and records as people do.</summary>
internal static class SpanText
{
    /// <summary>Lower-case hexadecimal; "" for none.</summary>
    public static string Hex(this Google.Protobuf.ByteString id) => Convert.ToHexStringLower(id.Span);

    public static string Id(this Span span) => span.SpanId.Hex();

    public static string Trace(this Span span) => span.TraceId.Hex();

    public static string Parent(this Span span) => span.ParentSpanId.Hex();

    public static double Milliseconds(this Span span) => (span.EndTimeUnixNano - (double)span.StartTimeUnixNano) / 1e6;

    /// <summary>The value as text; null when there is no such attribute.</summary>
    public static string? Get(this IEnumerable<KeyValue> attributes, string key) => attributes.FirstOrDefault(attribute => attribute.Key == key)?.Value.Text();

    public static string? Get(this Span span, string key) => span.Attributes.Get(key);

    public static double Number(this Span span, string key) => double.Parse(span.Get(key) ?? throw new KeyNotFoundException($"{span.Name} has no {key}"), CultureInfo.InvariantCulture);

    private static string Text(this AnyValue value) => value.ValueCase switch
    {
        AnyValue.ValueOneofCase.IntValue => value.IntValue.ToString(CultureInfo.InvariantCulture),
        AnyValue.ValueOneofCase.DoubleValue => value.DoubleValue.ToString("R", CultureInfo.InvariantCulture),
        AnyValue.ValueOneofCase.BoolValue => value.BoolValue ? "true" : "false",
        _ => value.StringValue,
    };
}
