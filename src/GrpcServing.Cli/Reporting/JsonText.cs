using System.Text.Json;

namespace GrpcServing.Reporting;

internal static class JsonText
{
    /// <summary>The same JSON, one property a line.</summary>
    public static string Indent(string json)
    {
        using var document = JsonDocument.Parse(json);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true })) document.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }
}
