using System.Buffers;

namespace GrpcServing.Decoding;

/// <summary>Reads string fields; like the generated parser it refuses what is not UTF-8.</summary>
internal static class WireText
{
    private const int StackBytes = 256;

    /// <summary>For names that keep coming.</summary>
    public static bool TryReadName(ref WireCursor cursor, string field, out string name) => TryRead(ref cursor, field, cached: true, out name);

    /// <summary>For text that is new each time.</summary>
    public static bool TryRead(ref WireCursor cursor, string field, out string text) => TryRead(ref cursor, field, cached: false, out text);

    private static bool TryRead(ref WireCursor cursor, string field, bool cached, out string text)
    {
        text = "";
        if (!cursor.TryReadLength(out var length)) return false;
        if (cursor.TryTake(length, out var utf8)) return TryDecode(utf8, cached, out text) || NotUtf8(ref cursor, field);

        var rented = length > StackBytes ? ArrayPool<byte>.Shared.Rent(length) : null;
        var bytes = rented is null ? stackalloc byte[length] : rented.AsSpan(0, length);
        var read = cursor.TryCopyTo(bytes) && (TryDecode(bytes, cached, out text) || NotUtf8(ref cursor, field));
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        return read;
    }

    private static bool TryDecode(ReadOnlySpan<byte> utf8, bool cached, out string text) =>
        cached ? NameCache.TryGet(utf8, out text) : NameCache.TryDecode(utf8, out text);

    private static bool NotUtf8(ref WireCursor cursor, string field) => cursor.Fail($"{field} is not valid UTF-8");
}
