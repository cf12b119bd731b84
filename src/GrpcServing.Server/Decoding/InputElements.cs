using System.Buffers.Binary;
using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Decoding;

/// <summary>Finds the elements of one input in the body and makes sure that there are as many as its shape says.</summary>
internal static class InputElements
{
    /// <param name="position">Of the input in the request; its shape and datatype have been checked.</param>
    /// <param name="slice">The elements in raw form.</param>
    public static ServingError Read(UncheckedRequest request, int position, TensorSpec tensor, ModelSpec spec, out InputSlice slice)
    {
        slice = default;
        ref readonly var input = ref request.Inputs[position];
        var shape = request.Shape(input);
        if (!InputShape.TryCountElements(shape, out var elements)) return Refusals.TooManyElements(tensor, shape, spec);
        if (!InputShape.TryMultiply(elements, Math.Max(1, tensor.DataType.ElementSize()), out var expected))
            return Refusals.TooManyBytes(tensor, shape, spec);

        var error = Find(request, position, tensor, spec, out var found);
        if (!error.IsNone) return error;
        var bytes = found.Length == 0 ? [] : request.Body!.Slice(found.Offset, found.Length);
        if (tensor.DataType == TensorDataType.Bytes)
        {
            slice = new InputSlice(found.Offset, found.Length);
            return CheckStrings(bytes, elements, tensor, spec);
        }

        var isTyped = (input.Contents & ContentsFields.Typed) != ContentsFields.None;
        var size = tensor.DataType.ElementSize();
        var got = isTyped ? found.Length / TypedContents.StoredSize(tensor.DataType) * (long)size : found.Length;
        if (got != expected) return Refusals.ByteSize(tensor, expected, got, shape, spec);
        slice = new InputSlice(found.Offset, (int)expected);
        if (isTyped && size < sizeof(int) && tensor.DataType != TensorDataType.Bool) return Narrow(bytes, tensor, spec);
        return tensor.DataType == TensorDataType.Bool ? CheckBools(bytes, tensor, spec) : ServingError.None;
    }

    private static ServingError Find(UncheckedRequest request, int position, TensorSpec tensor, ModelSpec spec, out BodySlice found)
    {
        ref readonly var input = ref request.Inputs[position];
        found = input.Elements;
        if (input.Contents == ContentsFields.None)
        {
            if (position >= request.RawContentsCount) return Refusals.NoData(tensor, spec);
            found = request.RawContents[position];
        }
        else if (request.RawContentsCount > 0)
        {
            return Refusals.TwoSources(tensor, spec);
        }
        return ServingError.None;
    }

    /// <summary>Four-byte integers become one- or two-byte ones in place: an element is never written before it has been read.</summary>
    private static ServingError Narrow(Span<byte> bytes, TensorSpec tensor, ModelSpec spec)
    {
        var (field, least, most) = tensor.DataType switch
        {
            TensorDataType.Int8 => ("int_contents", (long)sbyte.MinValue, (long)sbyte.MaxValue),
            TensorDataType.Int16 => ("int_contents", short.MinValue, short.MaxValue),
            TensorDataType.UInt8 => ("uint_contents", byte.MinValue, byte.MaxValue),
            _ => ("uint_contents", ushort.MinValue, ushort.MaxValue),
        };
        var size = tensor.DataType.ElementSize();
        for (var i = 0; i < bytes.Length / sizeof(int); i++)
        {
            var stored = BinaryPrimitives.ReadInt32LittleEndian(bytes[(i * sizeof(int))..]);
            var value = least < 0 ? stored : (long)unchecked((uint)stored);
            if (value < least || value > most) return Refusals.OutOfRange(tensor, field, i, value, least, most, spec);
            if (size == sizeof(byte)) bytes[i] = unchecked((byte)value);
            else BinaryPrimitives.WriteInt16LittleEndian(bytes[(i * sizeof(short))..], unchecked((short)value));
        }
        return ServingError.None;
    }

    private static ServingError CheckBools(ReadOnlySpan<byte> bytes, TensorSpec tensor, ModelSpec spec)
    {
        var index = bytes.IndexOfAnyExceptInRange((byte)0, (byte)1);
        return index < 0 ? ServingError.None : Refusals.NotBool(tensor, index, bytes[index], spec);
    }

    private static ServingError CheckStrings(ReadOnlySpan<byte> bytes, long expected, TensorSpec tensor, ModelSpec spec)
    {
        for (var element = 0L; element < expected; element++)
        {
            if (bytes.IsEmpty) return Refusals.TooFewStrings(tensor, expected, element, spec);
            if (bytes.Length < sizeof(uint)) return Refusals.CutStringLength(tensor, element, bytes.Length, spec);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            bytes = bytes[sizeof(uint)..];
            if (length > bytes.Length) return Refusals.CutString(tensor, element, length, bytes.Length, spec);
            bytes = bytes[(int)length..];
        }
        return bytes.IsEmpty ? ServingError.None : Refusals.TooManyStrings(tensor, expected, bytes.Length, spec);
    }
}
