using System.Globalization;

namespace GrpcServing.Routing;

/// <summary>Which field of the protocol's <c>InferParameter</c> holds the value.</summary>
public enum ParameterKind : byte
{
    /// <summary>A name without a value.</summary>
    None,
    Bool,
    Int64,
    UInt64,
    Double,
    String,
}

/// <summary>A named parameter of a request, as its caller sent it.</summary>
/// <param name="Bits">The value of every kind but <see cref="ParameterKind.String"/>: 0 or 1, the integer, or the bits of the number.</param>
/// <param name="Text">The value of <see cref="ParameterKind.String"/>; otherwise "".</param>
public readonly record struct RequestParameter(string Name, ParameterKind Kind, long Bits, string Text)
{
    /// <summary>The value as invariant text: <c>true</c>, <c>-5</c>, <c>0.25</c>, or the string itself; "" for a name without a value.</summary>
    public string Value => Kind switch
    {
        ParameterKind.None => "",
        ParameterKind.Bool => Bits != 0 ? "true" : "false",
        ParameterKind.Int64 => Bits.ToString(CultureInfo.InvariantCulture),
        ParameterKind.UInt64 => unchecked((ulong)Bits).ToString(CultureInfo.InvariantCulture),
        ParameterKind.Double => BitConverter.Int64BitsToDouble(Bits).ToString("R", CultureInfo.InvariantCulture),
        _ => Text,
    };
}
