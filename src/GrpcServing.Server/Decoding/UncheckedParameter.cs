using GrpcServing.Routing;

namespace GrpcServing.Decoding;

/// <summary>A named parameter of a request or of one of its tensors.</summary>
internal readonly record struct UncheckedParameter
{
    /// <summary>Most parameters of one request or of one tensor.</summary>
    public const int MaxCount = 256;

    private UncheckedParameter(string name, ParameterKind kind, long bits, string text)
    {
        Name = name;
        Kind = kind;
        Bits = bits;
        Text = text;
    }

    public string Name { get; private init; }

    public ParameterKind Kind { get; }

    /// <summary>The value of every kind but <see cref="ParameterKind.String"/>: 0 or 1, the integer, or the bits of the number.</summary>
    public long Bits { get; }

    /// <summary>The value of <see cref="ParameterKind.String"/>; otherwise "".</summary>
    public string Text { get; }

    public static UncheckedParameter Valueless(string name) => new(name, ParameterKind.None, 0, "");

    public static UncheckedParameter From(string name, bool value) => new(name, ParameterKind.Bool, value ? 1 : 0, "");

    public static UncheckedParameter From(string name, long value) => new(name, ParameterKind.Int64, value, "");

    public static UncheckedParameter From(string name, ulong value) => new(name, ParameterKind.UInt64, unchecked((long)value), "");

    public static UncheckedParameter From(string name, double value) => new(name, ParameterKind.Double, BitConverter.DoubleToInt64Bits(value), "");

    public static UncheckedParameter From(string name, string value) => new(name, ParameterKind.String, 0, value);

    /// <summary>Beyond the life of the request that was read.</summary>
    public RequestParameter ToKept() => new(Name, Kind, Bits, Text);

    public UncheckedParameter Renamed(string name) => this with { Name = name };

    /// <summary>True for true, for any number but 0, and for any text but "".</summary>
    public bool IsSet => Kind switch
    {
        ParameterKind.None => false,
        ParameterKind.String => Text.Length > 0,
        ParameterKind.Double => BitConverter.Int64BitsToDouble(Bits) != 0,
        _ => Bits != 0,
    };

    /// <summary>Reads an integer of at least 0; one beyond <paramref name="largest"/> is taken as that.</summary>
    /// <returns>False for a negative integer and for every other kind.</returns>
    public bool TryGetCount(long largest, out long value)
    {
        value = Kind == ParameterKind.UInt64 && Bits < 0 ? largest : Math.Min(Bits, largest);
        return Kind == ParameterKind.UInt64 || (Kind == ParameterKind.Int64 && Bits >= 0);
    }

    /// <summary>Adds the parameter, or replaces the one of that name: names are unique, the last one counts.</summary>
    /// <returns>False when there are <see cref="MaxCount"/> already.</returns>
    public static bool TryPut(List<UncheckedParameter> parameters, UncheckedParameter parameter)
    {
        for (var i = 0; i < parameters.Count; i++)
        {
            if (parameters[i].Name != parameter.Name) continue;
            parameters[i] = parameter;
            return true;
        }
        if (parameters.Count >= MaxCount) return false;
        parameters.Add(parameter);
        return true;
    }

    /// <summary>The value as a message shows it.</summary>
    public override string ToString() => Kind switch
    {
        ParameterKind.None => "no value",
        ParameterKind.Bool => Bits != 0 ? "bool true" : "bool false",
        ParameterKind.Int64 => FormattableString.Invariant($"int64 {Bits}"),
        ParameterKind.UInt64 => FormattableString.Invariant($"uint64 {unchecked((ulong)Bits)}"),
        ParameterKind.Double => FormattableString.Invariant($"double {BitConverter.Int64BitsToDouble(Bits)}"),
        _ => $"string '{CallerText.Clip(Text)}'",
    };
}
