using GrpcServing.Models;
using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Onnx;

/// <summary>One output of a probe run, comparable row by row.</summary>
/// <param name="Elements">Numbers as they are; other elements as text.</param>
/// <param name="Tolerance">Largest relative difference of two equal numbers: a larger batch may take another kernel, whose sums round differently.</param>
internal sealed record ProbeResult(long Rows, double[] Numbers, string[] Elements, double Tolerance)
{
    private const double Precise = 1e-3;

    // 11 and 8 bits of mantissa.
    private const double HalfPrecise = 2e-2;

    public static ProbeResult Of(OrtValue value)
    {
        var tensor = value.GetTensorTypeAndShape();
        var rows = tensor.Shape is [var first, ..] ? first : 0;
        if (!OrtTypes.TryFromOrt(tensor.ElementDataType, out var type)) return new ProbeResult(0, [], [], 0);
        return type switch
        {
            TensorDataType.Fp32 => new ProbeResult(rows, Convert(value.GetTensorDataAsSpan<float>(), static number => number), [], Precise),
            TensorDataType.Fp64 => new ProbeResult(rows, Convert(value.GetTensorDataAsSpan<double>(), static number => number), [], Precise),
            TensorDataType.Fp16 => new ProbeResult(rows, Convert(value.GetTensorDataAsSpan<Float16>(), static number => (double)number.ToFloat()), [], HalfPrecise),
            TensorDataType.Bf16 => new ProbeResult(rows, Convert(value.GetTensorDataAsSpan<BFloat16>(), static number => (double)number.ToFloat()), [], HalfPrecise),
            TensorDataType.Bytes => new ProbeResult(rows, [], value.GetStringTensorAsArray(), 0),
            _ => new ProbeResult(rows, [], Slices(value.GetTensorMutableRawData(), type.ElementSize()), 0),
        };
    }

    /// <summary>Whether row <paramref name="index"/> holds what <paramref name="alone"/>, a result of one row, holds.</summary>
    public bool RowEquals(int index, ProbeResult alone)
    {
        if (Numbers.Length != alone.Numbers.Length * Rows || Elements.Length != alone.Elements.Length * Rows) return false;
        for (var i = 0; i < alone.Numbers.Length; i++)
            if (!AreClose(Numbers[(index * alone.Numbers.Length) + i], alone.Numbers[i])) return false;
        return Elements.AsSpan(index * alone.Elements.Length, alone.Elements.Length).SequenceEqual(alone.Elements);
    }

    private bool AreClose(double x, double y) =>
        x.Equals(y) || Math.Abs(x - y) <= Tolerance * Math.Max(1e-3, Math.Max(Math.Abs(x), Math.Abs(y)));

    private static double[] Convert<T>(ReadOnlySpan<T> values, Func<T, double> convert)
    {
        var numbers = new double[values.Length];
        for (var i = 0; i < numbers.Length; i++) numbers[i] = convert(values[i]);
        return numbers;
    }

    private static string[] Slices(ReadOnlySpan<byte> raw, int size)
    {
        var elements = new string[raw.Length / size];
        for (var i = 0; i < elements.Length; i++) elements[i] = System.Convert.ToHexString(raw.Slice(i * size, size));
        return elements;
    }
}
