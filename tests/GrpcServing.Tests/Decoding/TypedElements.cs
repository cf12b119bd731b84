using Google.Protobuf;
using GrpcServing.Models;
using GrpcServing.Protos;

namespace GrpcServing.Tests.Decoding;

/// <summary>The same elements in both forms of the protocol.</summary>
internal static class TypedElements
{
    public static (InferTensorContents Contents, byte[] Raw, int Count) Of(TensorDataType type, long[] integers, double[] numbers)
    {
        unchecked
        {
            return type switch
            {
                TensorDataType.Bool => (
                    new() { BoolContents = { integers.Select(static value => (value & 1) == 1) } }, [.. integers.Select(static value => (byte)(value & 1))], integers.Length),
                TensorDataType.UInt8 => (
                    new() { UintContents = { integers.Select(static value => (uint)(byte)value) } }, [.. integers.Select(static value => (byte)value)], integers.Length),
                TensorDataType.UInt16 => (
                    new() { UintContents = { integers.Select(static value => (uint)(ushort)value) } },
                    RawForm.Bytes<ushort>([.. integers.Select(static value => (ushort)value)]), integers.Length),
                TensorDataType.UInt32 => (
                    new() { UintContents = { integers.Select(static value => (uint)value) } },
                    RawForm.Bytes<uint>([.. integers.Select(static value => (uint)value)]), integers.Length),
                TensorDataType.UInt64 => (
                    new() { Uint64Contents = { integers.Select(static value => (ulong)value) } }, RawForm.Bytes<long>(integers), integers.Length),
                TensorDataType.Int8 => (
                    new() { IntContents = { integers.Select(static value => (int)(sbyte)value) } },
                    RawForm.Bytes<sbyte>([.. integers.Select(static value => (sbyte)value)]), integers.Length),
                TensorDataType.Int16 => (
                    new() { IntContents = { integers.Select(static value => (int)(short)value) } },
                    RawForm.Bytes<short>([.. integers.Select(static value => (short)value)]), integers.Length),
                TensorDataType.Int32 => (
                    new() { IntContents = { integers.Select(static value => (int)value) } },
                    RawForm.Bytes<int>([.. integers.Select(static value => (int)value)]), integers.Length),
                TensorDataType.Int64 => (new() { Int64Contents = { integers } }, RawForm.Bytes<long>(integers), integers.Length),
                TensorDataType.Fp32 => (
                    new() { Fp32Contents = { numbers.Select(static value => (float)value) } },
                    RawForm.Bytes<float>([.. numbers.Select(static value => (float)value)]), numbers.Length),
                TensorDataType.Fp64 => (new() { Fp64Contents = { numbers } }, RawForm.Bytes<double>(numbers), numbers.Length),
                _ => Strings([.. integers.Select(BitConverter.GetBytes)]),
            };
        }
    }

    private static (InferTensorContents Contents, byte[] Raw, int Count) Strings(byte[][] values) =>
        (new() { BytesContents = { values.Select(ByteString.CopyFrom) } }, RawForm.Strings(values), values.Length);
}
