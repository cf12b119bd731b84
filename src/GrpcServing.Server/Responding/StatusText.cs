using System.Text;

namespace GrpcServing.Responding;

/// <summary>Bounds the message of a status.</summary>
/// <remarks>
/// It travels percent-encoded in a trailer. One that is too long does not fail its call alone: clients give up the whole connection
/// (.NET beyond 64 KiB of headers, gRPC's C core beyond 8 KiB), and with it every other call on it.
/// </remarks>
internal static class StatusText
{
    /// <summary>Leaves half of the C core's limit to the other trailers.</summary>
    public const int MaxEncodedBytes = 4096;

    private const string Cut = "...";

    /// <summary>The message, or as much of its beginning as fits.</summary>
    public static string Fit(string message)
    {
        // No character takes more: three bytes of UTF-8, each as %XX.
        if (message.Length <= MaxEncodedBytes / 9) return message;
        var encoded = 0;
        var end = 0;
        var fits = 0;
        foreach (var rune in message.EnumerateRunes())
        {
            encoded += rune is { Value: >= ' ' and <= '~' and not '%' } ? 1 : 3 * rune.Utf8SequenceLength;
            if (encoded > MaxEncodedBytes) return string.Concat(message.AsSpan(0, fits), Cut);
            end += rune.Utf16SequenceLength;
            if (encoded <= MaxEncodedBytes - Cut.Length) fits = end;
        }
        return message;
    }
}
