using System.Globalization;
using System.Numerics;

namespace GrpcServing.Responding;

/// <summary>Numbers as C prints them: integers by <c>%d</c>, others by <c>%f</c>.</summary>
internal static class PrintedNumber
{
    /// <summary>Longest text: the largest double, its sign, the point and six digits.</summary>
    public const int MaxBytes = 320;

    /// <returns>Bytes written.</returns>
    public static int Write<T>(T value, Span<byte> text)
        where T : INumber<T>
    {
        if (value is float or double or Half) return WriteFloat(double.CreateChecked(value), text);
        value.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
        return length;
    }

    private static int WriteFloat(double value, Span<byte> text)
    {
        if (!double.IsFinite(value))
        {
            ReadOnlySpan<byte> name = double.IsNaN(value) ? "nan"u8 : value > 0 ? "inf"u8 : "-inf"u8;
            name.CopyTo(text);
            return name.Length;
        }

        value.TryFormat(text, out var length, "F6", CultureInfo.InvariantCulture);
        return length;
    }
}
