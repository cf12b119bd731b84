using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Shadowing;

/// <summary>The first elements of a tensor, for people. A copy.</summary>
/// <param name="Numbers">Of every datatype but BYTES.</param>
/// <param name="Texts">Of BYTES; long ones clipped, bytes that are not UTF-8 replaced.</param>
/// <param name="IsTruncated">There are more elements than shown.</param>
internal sealed record TensorPreview(string Name, TensorDataType DataType, ImmutableArray<long> Shape, ImmutableArray<double> Numbers, ImmutableArray<string> Texts, bool IsTruncated)
{
    public const int MaxElements = 1024;

    private const int MaxTextBytes = 1024;

    /// <summary>The inputs of a request, in the order of its spec.</summary>
    public static ImmutableArray<TensorPreview> OfInputs(ModelSpec spec, DecodedRequest request)
    {
        var rowDims = request.OwnRowDims ?? request.Bucket.RowDims;
        return [.. spec.Inputs.Select((input, i) => Of(input, spec.HasBatchAxis ? [request.Rows, .. rowDims[i]] : rowDims[i], request.Input(i)))];
    }

    /// <summary>The outputs of an answer; none of one that failed.</summary>
    public static ImmutableArray<TensorPreview> OfOutputs(ModelSpec spec, InferenceResult? result) =>
        result is null ? [] : [.. result.Outputs.Select((output, i) => Of(spec.Outputs[output.Output], output.Shape, result.Bytes(i)))];

    private static TensorPreview Of(TensorSpec spec, long[] shape, ReadOnlySpan<byte> raw)
    {
        var elements = shape.Aggregate(1L, static (product, dim) => product * dim);
        var shown = (int)Math.Min(elements, MaxElements);
        var isText = spec.DataType == TensorDataType.Bytes;
        return new TensorPreview(spec.Name, spec.DataType, [.. shape], isText ? [] : ReadNumbers(spec.DataType, raw, shown), isText ? ReadTexts(raw, shown) : [], shown < elements);
    }

    private static ImmutableArray<double> ReadNumbers(TensorDataType type, ReadOnlySpan<byte> raw, int count)
    {
        var size = type.ElementSize();
        count = Math.Min(count, raw.Length / size);
        var numbers = ImmutableArray.CreateBuilder<double>(count);
        for (var i = 0; i < count; i++) numbers.Add(Number(type, raw.Slice(i * size, size)));
        return numbers.MoveToImmutable();
    }

    private static double Number(TensorDataType type, ReadOnlySpan<byte> raw) => type switch
    {
        TensorDataType.Bool or TensorDataType.UInt8 => raw[0],
        TensorDataType.Int8 => (sbyte)raw[0],
        TensorDataType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(raw),
        TensorDataType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(raw),
        TensorDataType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(raw),
        TensorDataType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(raw),
        TensorDataType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(raw),
        TensorDataType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(raw),
        TensorDataType.Fp16 => (double)BinaryPrimitives.ReadHalfLittleEndian(raw),
        TensorDataType.Bf16 => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(raw) << 16),
        TensorDataType.Fp32 => BinaryPrimitives.ReadSingleLittleEndian(raw),
        TensorDataType.Fp64 => BinaryPrimitives.ReadDoubleLittleEndian(raw),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Has no numbers."),
    };

    private static ImmutableArray<string> ReadTexts(ReadOnlySpan<byte> raw, int count)
    {
        var texts = ImmutableArray.CreateBuilder<string>(count);
        for (var i = 0; i < count && raw.Length >= sizeof(uint); i++)
        {
            var length = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(raw), raw.Length - sizeof(uint));
            var text = raw.Slice(sizeof(uint), length);
            texts.Add(Encoding.UTF8.GetString(text[..Math.Min(length, MaxTextBytes)]));
            raw = raw[(sizeof(uint) + length)..];
        }
        return texts.ToImmutable();
    }
}
