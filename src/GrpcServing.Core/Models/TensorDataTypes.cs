using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>Names and sizes of <see cref="TensorDataType"/>, indexed by its value.</summary>
public static class TensorDataTypes
{
    private static readonly ImmutableArray<string> Names =
        ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "BF16", "FP32", "FP64", "BYTES"];

    private static readonly ImmutableArray<int> Sizes = [1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8, 0];

    /// <summary>The protocol's name, for example <c>FP32</c>.</summary>
    public static string Name(this TensorDataType type) => Names[(int)type];

    /// <summary>Bytes of one element; 0 for <see cref="TensorDataType.Bytes"/>, whose elements vary.</summary>
    public static int ElementSize(this TensorDataType type) => Sizes[(int)type];

    /// <summary>Reads a protocol name; names are upper case and exact, as the protocol has them.</summary>
    public static bool TryParse(ReadOnlySpan<char> name, out TensorDataType type)
    {
        for (var i = 0; i < Names.Length; i++)
        {
            if (!name.SequenceEqual(Names[i])) continue;
            type = (TensorDataType)i;
            return true;
        }
        type = default;
        return false;
    }
}
