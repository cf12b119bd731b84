using System.Buffers.Binary;
using GrpcServing.Models;

namespace GrpcServing.Execution;

/// <summary>Arithmetic on the protocol's raw tensor form.</summary>
public static class RawTensor
{
    /// <summary>Bytes that the first <paramref name="elements"/> elements of <paramref name="raw"/> take. The bytes have been validated.</summary>
    public static int ByteLength(TensorDataType type, ReadOnlySpan<byte> raw, long elements)
    {
        if (type != TensorDataType.Bytes) return checked((int)(elements * type.ElementSize()));
        var offset = 0;
        for (var i = 0L; i < elements; i++) offset += sizeof(uint) + (int)BinaryPrimitives.ReadUInt32LittleEndian(raw[offset..]);
        return offset;
    }
}
