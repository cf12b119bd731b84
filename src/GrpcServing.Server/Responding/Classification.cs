using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using GrpcServing.Models;

namespace GrpcServing.Responding;

/// <summary>The classification extension: the largest elements of each row as text <c>value:index</c> or <c>value:index:label</c>.</summary>
/// <remarks>Pure. Largest first; equal values by index, NaN last. Values look as C's <c>%f</c> and <c>%d</c> print them, whatever the culture.</remarks>
internal static class Classification
{
    /// <param name="output">Numeric; its labels are used by index, an index beyond them has none.</param>
    /// <param name="shape">Of the tensor. Without a batch axis the whole tensor is one row, and the text's shape is <c>[k]</c> instead of <c>[rows, k]</c>.</param>
    /// <param name="raw">The tensor.</param>
    /// <param name="classes">How many are wanted, at least 1; all where a row has fewer elements.</param>
    public static ClassTensor Classify(TensorSpec output, ReadOnlySpan<long> shape, ReadOnlySpan<byte> raw, bool hasBatchAxis, int classes)
    {
        var rows = hasBatchAxis ? (int)shape[0] : 1;
        var elements = rows == 0 ? 0 : raw.Length / output.DataType.ElementSize() / rows;
        var count = Math.Min(elements, classes);
        var text = new ArrayBufferWriter<byte>();
        for (var row = 0; row < rows; row++)
            WriteRow(raw.Slice(row * elements * output.DataType.ElementSize(), elements * output.DataType.ElementSize()), output, count, text);
        return new ClassTensor(hasBatchAxis ? [rows, count] : [count], text.WrittenMemory);
    }

    private static void WriteRow(ReadOnlySpan<byte> raw, TensorSpec output, int count, ArrayBufferWriter<byte> text)
    {
        var labels = output.Labels;
        switch (output.DataType)
        {
            case TensorDataType.UInt8: WriteRow<byte>(raw, count, labels, text); break;
            case TensorDataType.UInt16: WriteRow(MemoryMarshal.Cast<byte, ushort>(raw), count, labels, text); break;
            case TensorDataType.UInt32: WriteRow(MemoryMarshal.Cast<byte, uint>(raw), count, labels, text); break;
            case TensorDataType.UInt64: WriteRow(MemoryMarshal.Cast<byte, ulong>(raw), count, labels, text); break;
            case TensorDataType.Int8: WriteRow(MemoryMarshal.Cast<byte, sbyte>(raw), count, labels, text); break;
            case TensorDataType.Int16: WriteRow(MemoryMarshal.Cast<byte, short>(raw), count, labels, text); break;
            case TensorDataType.Int32: WriteRow(MemoryMarshal.Cast<byte, int>(raw), count, labels, text); break;
            case TensorDataType.Int64: WriteRow(MemoryMarshal.Cast<byte, long>(raw), count, labels, text); break;
            case TensorDataType.Fp16: WriteRow(MemoryMarshal.Cast<byte, Half>(raw), count, labels, text); break;
            case TensorDataType.Bf16: WriteRow<float>(Widen(raw), count, labels, text); break;
            case TensorDataType.Fp32: WriteRow(MemoryMarshal.Cast<byte, float>(raw), count, labels, text); break;
            case TensorDataType.Fp64: WriteRow(MemoryMarshal.Cast<byte, double>(raw), count, labels, text); break;
            default: throw new InvalidOperationException($"Output '{output.Name}' of datatype {output.DataType.Name()} has no classes; decoding should have refused the request.");
        }
    }

    private static void WriteRow<T>(ReadOnlySpan<T> row, int count, ImmutableArray<string> labels, ArrayBufferWriter<byte> text)
        where T : INumber<T>
    {
        var last = new PriorityQueue<int, Ranked<T>>(count, LastFirst<T>.Instance);
        for (var i = 0; i < row.Length; i++)
        {
            if (i < count) last.Enqueue(i, new Ranked<T>(row[i], i));
            else if (count > 0) last.EnqueueDequeue(i, new Ranked<T>(row[i], i));
        }

        var largest = new Ranked<T>[count];
        for (var i = count - 1; i >= 0; i--) last.TryDequeue(out _, out largest[i]);
        foreach (var ranked in largest) Write(ranked, ranked.Index < labels.Length ? labels[ranked.Index] : "", text);
    }

    private static void Write<T>(Ranked<T> ranked, string label, ArrayBufferWriter<byte> text)
        where T : INumber<T>
    {
        const int longest = PrintedNumber.MaxBytes + 2 + 11; // value, two colons, index
        var element = text.GetSpan(sizeof(uint) + longest + Encoding.UTF8.GetMaxByteCount(label.Length))[sizeof(uint)..];
        var length = PrintedNumber.Write(ranked.Value, element);
        element[length++] = (byte)':';
        ranked.Index.TryFormat(element[length..], out var digits, default, CultureInfo.InvariantCulture);
        length += digits;
        if (label.Length > 0)
        {
            element[length++] = (byte)':';
            length += Encoding.UTF8.GetBytes(label, element[length..]);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(text.GetSpan(sizeof(uint)), (uint)length);
        text.Advance(sizeof(uint) + length);
    }

    private static float[] Widen(ReadOnlySpan<byte> bf16)
    {
        var values = new float[bf16.Length / sizeof(ushort)];
        for (var i = 0; i < values.Length; i++)
            values[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bf16[(i * sizeof(ushort))..]) << 16);
        return values;
    }

    private readonly record struct Ranked<T>(T Value, int Index) : IComparable<Ranked<T>>
        where T : INumber<T>
    {
        public int CompareTo(Ranked<T> other)
        {
            if (Value > other.Value) return -1;
            if (Value < other.Value) return 1;
            var byNumber = T.IsNaN(Value).CompareTo(T.IsNaN(other.Value));
            return byNumber != 0 ? byNumber : Index.CompareTo(other.Index);
        }
    }

    private sealed class LastFirst<T> : IComparer<Ranked<T>>
        where T : INumber<T>
    {
        public static LastFirst<T> Instance { get; } = new();

        public int Compare(Ranked<T> x, Ranked<T> y) => y.CompareTo(x);
    }
}
