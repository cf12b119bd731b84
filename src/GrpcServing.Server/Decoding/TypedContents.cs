using GrpcServing.Models;

namespace GrpcServing.Decoding;

/// <summary>Which field of <c>InferTensorContents</c> belongs to which datatype.</summary>
internal static class TypedContents
{
    /// <returns><see cref="ContentsFields.None"/> for FP16 and BF16, which travel as raw contents only.</returns>
    public static ContentsFields FieldOf(TensorDataType type) => type switch
    {
        TensorDataType.Bool => ContentsFields.Bool,
        TensorDataType.Int8 or TensorDataType.Int16 or TensorDataType.Int32 => ContentsFields.Int,
        TensorDataType.Int64 => ContentsFields.Int64,
        TensorDataType.UInt8 or TensorDataType.UInt16 or TensorDataType.UInt32 => ContentsFields.UInt,
        TensorDataType.UInt64 => ContentsFields.UInt64,
        TensorDataType.Fp32 => ContentsFields.Fp32,
        TensorDataType.Fp64 => ContentsFields.Fp64,
        TensorDataType.Bytes => ContentsFields.Bytes,
        _ => ContentsFields.None,
    };

    /// <summary>Bytes of one element in the body before it is narrowed to its datatype; 0 for BYTES.</summary>
    public static int StoredSize(TensorDataType type) => FieldOf(type) switch
    {
        ContentsFields.Int or ContentsFields.UInt => sizeof(int),
        _ => type.ElementSize(),
    };

    /// <summary>The datatype that Triton's messages name for a field; of several fields, the first.</summary>
    public static string Name(ContentsFields fields) => (fields & ContentsFields.Typed & (ContentsFields)(-(int)(fields & ContentsFields.Typed))) switch
    {
        ContentsFields.Bool => "BOOL",
        ContentsFields.Int => "INT32",
        ContentsFields.Int64 => "INT64",
        ContentsFields.UInt => "UINT32",
        ContentsFields.UInt64 => "UINT64",
        ContentsFields.Fp32 => "FP32",
        ContentsFields.Fp64 => "FP64",
        _ => "BYTES",
    };
}
