using System.Text.Json;

namespace GrpcServing.Decoding;

/// <summary>Reads strings and names of JSON; what is no Unicode text (wrong UTF-8, half a surrogate pair) is the caller's mistake.</summary>
internal static class JsonText
{
    /// <exception cref="JsonRequestException">It is no text.</exception>
    public static string Read(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException undecodable)
        {
            throw Refusal(ref reader, undecodable);
        }
    }

    /// <summary>As UTF-8.</summary>
    /// <param name="destination">At least as long as the string in its JSON form.</param>
    /// <exception cref="JsonRequestException">It is no text.</exception>
    public static int Copy(ref Utf8JsonReader reader, scoped Span<byte> destination)
    {
        try
        {
            return reader.CopyString(destination);
        }
        catch (InvalidOperationException undecodable)
        {
            throw Refusal(ref reader, undecodable);
        }
    }

    private static JsonRequestException Refusal(ref Utf8JsonReader reader, InvalidOperationException undecodable) =>
        new($"the JSON has a string at byte {reader.TokenStartIndex} that is no Unicode text: {undecodable.Message} Send bytes that are no text as binary data.");
}
