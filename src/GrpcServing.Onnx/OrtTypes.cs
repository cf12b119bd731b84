using GrpcServing.Models;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GrpcServing.Onnx;

/// <summary>Element types of the runtime and of the protocol, one to one.</summary>
internal static class OrtTypes
{
    public static TensorElementType ToOrt(TensorDataType type) => type switch
    {
        TensorDataType.Bool => TensorElementType.Bool,
        TensorDataType.UInt8 => TensorElementType.UInt8,
        TensorDataType.UInt16 => TensorElementType.UInt16,
        TensorDataType.UInt32 => TensorElementType.UInt32,
        TensorDataType.UInt64 => TensorElementType.UInt64,
        TensorDataType.Int8 => TensorElementType.Int8,
        TensorDataType.Int16 => TensorElementType.Int16,
        TensorDataType.Int32 => TensorElementType.Int32,
        TensorDataType.Int64 => TensorElementType.Int64,
        TensorDataType.Fp16 => TensorElementType.Float16,
        TensorDataType.Bf16 => TensorElementType.BFloat16,
        TensorDataType.Fp32 => TensorElementType.Float,
        TensorDataType.Fp64 => TensorElementType.Double,
        _ => TensorElementType.String,
    };

    /// <summary>False for types the protocol has no name for (complex numbers, four-bit integers, ...).</summary>
    public static bool TryFromOrt(TensorElementType type, out TensorDataType found)
    {
        foreach (var known in Enum.GetValues<TensorDataType>())
        {
            if (ToOrt(known) != type) continue;
            found = known;
            return true;
        }
        found = default;
        return false;
    }
}
