namespace GrpcServing.Models;

/// <summary>The element types of the Open Inference Protocol that ONNX Runtime takes.</summary>
public enum TensorDataType : byte
{
    Bool,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Int8,
    Int16,
    Int32,
    Int64,
    Fp16,
    Bf16,
    Fp32,
    Fp64,
    /// <summary>Byte strings of any content. Raw form: per element a little-endian <c>uint32</c> length, then that many bytes.</summary>
    Bytes,
}
