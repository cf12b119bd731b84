using System.Buffers.Binary;
using System.Numerics;
using System.Text.Json;
using GrpcServing.Models;

namespace GrpcServing.Decoding;

/// <summary>Converts the <c>data</c> of a JSON tensor, nested or flat, to raw elements.</summary>
internal static class JsonElements
{
    /// <param name="reader">On the value of <c>data</c>.</param>
    public static void Append(UncheckedRequest request, ref Utf8JsonReader reader, TensorDataType type, string input)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonRequestException($"data of input '{input}' must be an array, found {JsonRequestReader.Found(ref reader)}");
        var depth = 1;
        var index = 0L;
        while (depth > 0 && reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartArray:
                    depth++;
                    break;
                case JsonTokenType.EndArray:
                    depth--;
                    break;
                default:
                    if (!TryAppend(request, ref reader, type)) throw new JsonRequestException($"element {index} of input '{input}' is {JsonRequestReader.Found(ref reader)}, which is no {type.Name()}");
                    index++;
                    break;
            }
        }
    }

    private static bool TryAppend(UncheckedRequest request, ref Utf8JsonReader reader, TensorDataType type)
    {
        if (type == TensorDataType.Bytes) return reader.TokenType == JsonTokenType.String && TryAppendText(request, ref reader);
        if (type == TensorDataType.Bool) return TryAppendBool(request, ref reader);
        if (reader.TokenType != JsonTokenType.Number) return false;
        return type switch
        {
            TensorDataType.UInt8 => TryAppendInteger<byte>(request, ref reader),
            TensorDataType.UInt16 => TryAppendInteger<ushort>(request, ref reader),
            TensorDataType.UInt32 => TryAppendInteger<uint>(request, ref reader),
            TensorDataType.UInt64 => reader.TryGetUInt64(out var value) && Put(request, value),
            TensorDataType.Int8 => TryAppendInteger<sbyte>(request, ref reader),
            TensorDataType.Int16 => TryAppendInteger<short>(request, ref reader),
            TensorDataType.Int32 => TryAppendInteger<int>(request, ref reader),
            TensorDataType.Int64 => reader.TryGetInt64(out var value) && Put(request, value),
            TensorDataType.Fp16 => PutFloat(request, (Half)reader.GetDouble()),
            TensorDataType.Bf16 => PutBfloat16(request, reader.GetSingle()),
            TensorDataType.Fp32 => PutFloat(request, reader.GetSingle()),
            _ => PutFloat(request, reader.GetDouble()),
        };
    }

    private static bool TryAppendInteger<T>(UncheckedRequest request, ref Utf8JsonReader reader)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        if (!reader.TryGetInt64(out var value) || value < long.CreateChecked(T.MinValue) || value > long.CreateChecked(T.MaxValue)) return false;
        return Put(request, T.CreateTruncating(value));
    }

    private static bool TryAppendBool(UncheckedRequest request, ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.True => Put(request, (byte)1),
        JsonTokenType.False => Put(request, (byte)0),
        JsonTokenType.Number => reader.TryGetByte(out var value) && value <= 1 && Put(request, value),
        _ => false,
    };

    private static bool TryAppendText(UncheckedRequest request, ref Utf8JsonReader reader)
    {
        // Unescaping never lengthens a string.
        var longest = reader.ValueSpan.Length;
        var text = longest <= 512 ? stackalloc byte[512] : new byte[longest];
        var length = JsonText.Copy(ref reader, text);
        Extend(request, sizeof(uint) + length, out var region);
        BinaryPrimitives.WriteUInt32LittleEndian(region, (uint)length);
        text[..length].CopyTo(region[sizeof(uint)..]);
        return true;
    }

    private static bool Put<T>(UncheckedRequest request, T value)
        where T : unmanaged, IBinaryInteger<T>
    {
        Extend(request, value.GetByteCount(), out var region);
        value.WriteLittleEndian(region);
        return true;
    }

    private static bool PutFloat<T>(UncheckedRequest request, T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // JSON has no infinity: a number that becomes one is too large for the datatype.
        if (T.IsInfinity(value)) return false;
        return value switch
        {
            Half half => Put(request, BitConverter.HalfToUInt16Bits(half)),
            float single => Put(request, BitConverter.SingleToUInt32Bits(single)),
            double number => Put(request, BitConverter.DoubleToUInt64Bits(number)),
            _ => false,
        };
    }

    /// <summary>Rounds to nearest, ties to even; what becomes infinity by that is too large as well.</summary>
    private static bool PutBfloat16(UncheckedRequest request, float value)
    {
        const ushort infinity = 0x7F80;
        var bits = BitConverter.SingleToUInt32Bits(value);
        var rounded = (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        return (rounded & short.MaxValue) != infinity && Put(request, rounded);
    }

    private static void Extend(UncheckedRequest request, int bytes, out Span<byte> region)
    {
        if (!request.TryExtend(bytes, out region)) throw new JsonRequestException("the request's tensors are larger than 2 GiB");
    }
}
