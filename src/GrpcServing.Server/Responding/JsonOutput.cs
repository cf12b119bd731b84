using System.Text.Encodings.Web;
using System.Text.Json;

namespace GrpcServing.Responding;

/// <summary>How the JSON of responses is written.</summary>
internal static class JsonOutput
{
    /// <summary>Text as people read it: quotes and letters beyond ASCII stay as they are, since the JSON never becomes part of a page.</summary>
    public static JsonWriterOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
