using System.Collections.Immutable;
using System.Globalization;

namespace GrpcServing.Models;

/// <summary>Dimensions in messages.</summary>
internal static class Shape
{
    /// <summary><c>[3, -1]</c></summary>
    public static string Show(ImmutableArray<long> dims) => $"[{string.Join(", ", dims.Select(static dim => dim.ToString(CultureInfo.InvariantCulture)))}]";

    /// <summary><c>[batch, 3, -1]</c>: open dimensions by their symbol where they have one.</summary>
    /// <param name="skip">Leading dimensions to leave out.</param>
    public static string Show(GraphTensor tensor, int skip = 0)
    {
        var dims = tensor.Dims.Select((dim, i) => dim == -1 && i < tensor.Symbols.Length && tensor.Symbols[i] != ""
            ? tensor.Symbols[i]
            : dim.ToString(CultureInfo.InvariantCulture));
        return $"[{string.Join(", ", dims.Skip(skip))}]";
    }
}
