using System.Numerics;
using System.Text;

namespace GrpcServing.Responding;

/// <summary>How many bytes fields take in the protobuf wire format. Field numbers are below 16, so a tag takes one byte.</summary>
internal static class WireSize
{
    /// <summary>0 for "", which is not written.</summary>
    public static long Text(string text) => text.Length == 0 ? 0 : Delimited(Encoding.UTF8.GetByteCount(text));

    /// <summary>A field with a length and so many bytes.</summary>
    public static long Delimited(long bytes) => 1 + Varint((ulong)bytes) + bytes;

    /// <summary>The elements of a packed field.</summary>
    public static long Packed(ReadOnlySpan<long> values)
    {
        var bytes = 0L;
        foreach (var value in values) bytes += Varint(unchecked((ulong)value));
        return bytes;
    }

    public static int Varint(ulong value) => (BitOperations.Log2(value | 1) / 7) + 1;
}
