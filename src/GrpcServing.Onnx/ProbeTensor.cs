using GrpcServing.Models;
using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Onnx;

/// <summary>One row of an input for the probe: values that almost every model takes.</summary>
/// <param name="Bytes">Elements; for strings one byte each, '0' or '1'.</param>
internal sealed record ProbeTensor(TensorDataType Type, long[] RowDims, byte[] Bytes)
{
    /// <summary>Numbers from 0 to 1; 0 or 1 for integers, booleans and strings: indices stay in range.</summary>
    public static ProbeTensor Random(GraphTensor input, long openSize, int seed)
    {
        var dims = input.Dims.Skip(1).Select(dim => dim == -1 ? openSize : dim).ToArray();
        var elements = checked((int)dims.Aggregate(1L, static (product, dim) => checked(product * dim)));
        var random = new Random(seed);
        var size = Math.Max(1, input.DataType.ElementSize());
        var bytes = new byte[checked(elements * size)];
        for (var i = 0; i < elements; i++)
        {
            var element = bytes.AsSpan(i * size, size);
            switch (input.DataType)
            {
                case TensorDataType.Fp32:
                    BitConverter.TryWriteBytes(element, random.NextSingle());
                    break;
                case TensorDataType.Fp64:
                    BitConverter.TryWriteBytes(element, random.NextDouble());
                    break;
                case TensorDataType.Fp16:
                    BitConverter.TryWriteBytes(element, (Half)random.NextSingle());
                    break;
                case TensorDataType.Bf16:
                    BitConverter.TryWriteBytes(element, (ushort)(BitConverter.SingleToUInt32Bits(random.NextSingle()) >> 16));
                    break;
                case TensorDataType.Bytes:
                    element[0] = (byte)('0' + random.Next(2));
                    break;
                default:
                    element[0] = (byte)random.Next(2);
                    break;
            }
        }
        return new ProbeTensor(input.DataType, dims, bytes);
    }

    /// <summary>Rows of one input as a batch; the caller disposes it.</summary>
    public static OrtValue Stack(ProbeTensor[] rows)
    {
        long[] shape = [rows.Length, .. rows[0].RowDims];
        var all = rows.SelectMany(static row => row.Bytes).ToArray();
        if (rows[0].Type == TensorDataType.Bytes)
        {
            var text = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
            for (var i = 0; i < all.Length; i++) text.StringTensorSetElementAt(all.AsSpan(i, 1), i);
            return text;
        }
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, OrtTypes.ToOrt(rows[0].Type), shape);
        all.CopyTo(value.GetTensorMutableRawData());
        return value;
    }
}
