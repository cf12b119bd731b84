using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using GrpcServing.Models;

namespace GrpcServing.Shadowing;

/// <summary>Reads elements out of the protocol's raw form.</summary>
internal static class Elements
{
    /// <summary>Every number as a double; exact but for 64-bit integers beyond 2^53. Not for BYTES.</summary>
    /// <param name="raw">Exactly as many elements as <paramref name="values"/>.</param>
    public static void Widen(TensorDataType type, ReadOnlySpan<byte> raw, Span<double> values)
    {
        switch (type)
        {
            case TensorDataType.Fp32: Convert<float>(raw, values); break;
            case TensorDataType.Fp64: MemoryMarshal.Cast<byte, double>(raw).CopyTo(values); break;
            case TensorDataType.Fp16: Convert<Half>(raw, values); break;
            case TensorDataType.Bf16: WidenBrain(MemoryMarshal.Cast<byte, ushort>(raw), values); break;
            case TensorDataType.Int8: Convert<sbyte>(raw, values); break;
            case TensorDataType.Int16: Convert<short>(raw, values); break;
            case TensorDataType.Int32: Convert<int>(raw, values); break;
            case TensorDataType.Int64: Convert<long>(raw, values); break;
            case TensorDataType.Bool or TensorDataType.UInt8: Convert<byte>(raw, values); break;
            case TensorDataType.UInt16: Convert<ushort>(raw, values); break;
            case TensorDataType.UInt32: Convert<uint>(raw, values); break;
            case TensorDataType.UInt64: Convert<ulong>(raw, values); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Byte strings are no numbers.");
        }
    }

    /// <summary>Takes the next byte string off the front.</summary>
    public static ReadOnlySpan<byte> TakeBytes(ref ReadOnlySpan<byte> raw)
    {
        var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(raw);
        var element = raw.Slice(sizeof(uint), length);
        raw = raw[(sizeof(uint) + length)..];
        return element;
    }

    /// <summary>Whether <paramref name="raw"/> is exactly this many elements.</summary>
    public static bool MakeUp(TensorDataType type, ReadOnlySpan<byte> raw, long elements)
    {
        if (type != TensorDataType.Bytes) return raw.Length == elements * type.ElementSize();
        for (var i = 0L; i < elements; i++)
        {
            if (raw.Length < sizeof(uint)) return false;
            var length = BinaryPrimitives.ReadUInt32LittleEndian(raw);
            if (length > raw.Length - sizeof(uint)) return false;
            raw = raw[(sizeof(uint) + (int)length)..];
        }
        return raw.IsEmpty;
    }

    private static void Convert<T>(ReadOnlySpan<byte> raw, Span<double> values) where T : unmanaged, System.Numerics.INumber<T> =>
        TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, T>(raw), values);

    /// <summary>BF16 is the upper half of a 32-bit float.</summary>
    private static void WidenBrain(ReadOnlySpan<ushort> raw, Span<double> values)
    {
        for (var i = 0; i < raw.Length; i++) values[i] = BitConverter.UInt32BitsToSingle((uint)raw[i] << 16);
    }
}
