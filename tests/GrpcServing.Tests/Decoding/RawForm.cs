using System.Buffers.Binary;
using System.Runtime.InteropServices;
using GrpcServing.Decoding;
using GrpcServing.Protos;

namespace GrpcServing.Tests.Decoding;

/// <summary>The raw form of typed contents, by the fields that have elements.</summary>
internal static class RawForm
{
    public static Dictionary<ContentsFields, byte[]> Of(InferTensorContents contents)
    {
        var forms = new Dictionary<ContentsFields, byte[]>();
        Add(ContentsFields.Bool, [.. contents.BoolContents.Select(static value => value ? (byte)1 : (byte)0)]);
        Add(ContentsFields.Int, Bytes<int>([.. contents.IntContents]));
        Add(ContentsFields.Int64, Bytes<long>([.. contents.Int64Contents]));
        Add(ContentsFields.UInt, Bytes<uint>([.. contents.UintContents]));
        Add(ContentsFields.UInt64, Bytes<ulong>([.. contents.Uint64Contents]));
        Add(ContentsFields.Fp32, Bytes<float>([.. contents.Fp32Contents]));
        Add(ContentsFields.Fp64, Bytes<double>([.. contents.Fp64Contents]));
        Add(ContentsFields.Bytes, Strings([.. contents.BytesContents.Select(static value => value.ToByteArray())]));
        return forms;

        void Add(ContentsFields field, byte[] bytes)
        {
            if (bytes.Length > 0) forms.Add(field, bytes);
        }
    }

    public static byte[] Bytes<T>(params T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    public static byte[] Strings(params byte[][] values)
    {
        var bytes = new List<byte>();
        foreach (var value in values)
        {
            var length = new byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)value.Length);
            bytes.AddRange(length);
            bytes.AddRange(value);
        }
        return [.. bytes];
    }
}
