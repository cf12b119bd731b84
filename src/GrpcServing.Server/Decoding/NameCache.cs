using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using System.Text.Unicode;

namespace GrpcServing.Decoding;

/// <summary>Turns UTF-8 into text, and gives the same string again for names that keep coming: models, tensors, datatypes, parameters.</summary>
/// <remarks>
/// Any thread, without a lock: a slot holds one immutable entry, and a newer name with the same hash takes its place. Bounded by
/// <see cref="Slots"/> names of <see cref="MaxBytes"/> bytes, whatever callers send.
/// </remarks>
internal static class NameCache
{
    private const int Slots = 1024; // a power of two
    private const int MaxBytes = 64;

    private static readonly Entry?[] Entries = new Entry?[Slots];

    /// <returns>False when the bytes are not valid UTF-8.</returns>
    public static bool TryGet(ReadOnlySpan<byte> utf8, out string name)
    {
        name = "";
        if (utf8.IsEmpty) return true;
        if (utf8.Length > MaxBytes) return TryDecode(utf8, out name);

        ref var slot = ref Entries[Hash(utf8) & (Slots - 1)];
        var entry = Volatile.Read(ref slot);
        if (entry is not null && utf8.SequenceEqual(entry.Utf8))
        {
            name = entry.Name;
            return true;
        }
        if (!TryDecode(utf8, out name)) return false;
        Volatile.Write(ref slot, new Entry(utf8.ToArray(), name));
        return true;
    }

    /// <summary>For text that does not repeat.</summary>
    /// <returns>False when the bytes are not valid UTF-8.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> utf8, out string text)
    {
        text = "";
        if (!Utf8.IsValid(utf8)) return false;
        text = Encoding.UTF8.GetString(utf8);
        return true;
    }

    private static uint Hash(ReadOnlySpan<byte> utf8)
    {
        var hash = (uint)utf8.Length;
        while (utf8.Length >= sizeof(uint))
        {
            hash = BitOperations.Crc32C(hash, BinaryPrimitives.ReadUInt32LittleEndian(utf8));
            utf8 = utf8[sizeof(uint)..];
        }
        foreach (var value in utf8) hash = BitOperations.Crc32C(hash, value);
        return hash;
    }

    private sealed record Entry(byte[] Utf8, string Name);
}
