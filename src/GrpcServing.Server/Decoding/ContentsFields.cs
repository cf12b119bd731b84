namespace GrpcServing.Decoding;

/// <summary>Where a request put the elements of an input, and in which form they lie in its body.</summary>
/// <remarks>A set, because a request can name several; only one of them can be right, so only the elements of the first are kept.</remarks>
[Flags]
internal enum ContentsFields
{
    /// <summary>Not with the input: the elements are an entry of <see cref="UncheckedRequest.RawContents"/>, or missing.</summary>
    None = 0,
    /// <summary>The request has a contents message for the input, perhaps an empty one.</summary>
    Present = 1 << 0,
    /// <summary><c>bool_contents</c>: one byte each, 0 or 1.</summary>
    Bool = 1 << 1,
    /// <summary><c>int_contents</c>: four bytes each, to be narrowed where the datatype is INT8 or INT16.</summary>
    Int = 1 << 2,
    /// <summary><c>int64_contents</c>: eight bytes each.</summary>
    Int64 = 1 << 3,
    /// <summary><c>uint_contents</c>: four bytes each, to be narrowed where the datatype is UINT8 or UINT16.</summary>
    UInt = 1 << 4,
    /// <summary><c>uint64_contents</c>: eight bytes each.</summary>
    UInt64 = 1 << 5,
    /// <summary><c>fp32_contents</c>: four bytes each.</summary>
    Fp32 = 1 << 6,
    /// <summary><c>fp64_contents</c>: eight bytes each.</summary>
    Fp64 = 1 << 7,
    /// <summary><c>bytes_contents</c>: a <c>uint32</c> length and that many bytes each.</summary>
    Bytes = 1 << 8,
    /// <summary>Raw form of the input's own datatype, kept with the input: how REST bodies arrive, from JSON as well as from binary data.</summary>
    Raw = 1 << 9,

    /// <summary>The fields of <c>InferTensorContents</c>.</summary>
    Typed = Bool | Int | Int64 | UInt | UInt64 | Fp32 | Fp64 | Bytes,
}
