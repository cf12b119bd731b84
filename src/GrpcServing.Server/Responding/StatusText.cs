using System.Buffers;
using System.Globalization;
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

    private static readonly SearchValues<char> Plain = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(static c => (char)c).Where(static c => c != '%')]);

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
            encoded += IsPlain(rune) ? 1 : 3 * rune.Utf8SequenceLength;
            if (encoded > MaxEncodedBytes) return string.Concat(message.AsSpan(0, fits), Cut);
            end += rune.Utf16SequenceLength;
            if (encoded <= MaxEncodedBytes - Cut.Length) fits = end;
        }
        return message;
    }

    /// <summary>The message as it travels: UTF-8, and each byte of what is not printable ASCII as %XX.</summary>
    public static string Encode(string message)
    {
        if (message.AsSpan().IndexOfAnyExcept(Plain) < 0) return message;
        var encoded = new StringBuilder(message.Length * 2);
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in message.EnumerateRunes())
        {
            if (IsPlain(rune))
            {
                encoded.Append((char)rune.Value);
                continue;
            }
            foreach (var value in bytes[..rune.EncodeToUtf8(bytes)]) encoded.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
        }
        return encoded.ToString();
    }

    private static bool IsPlain(Rune rune) => rune.IsAscii && Plain.Contains((char)rune.Value);
}
