using System.Buffers.Binary;

namespace GrpcServing.Decoding;

/// <summary>Reads an <c>InferTensorContents</c> into the body: elements of fixed width, little-endian, or length and bytes.</summary>
/// <remarks>
/// The elements of an input lie together even when its contents come in several parts. Where several fields have elements, which is
/// an error for any model, all are named in <see cref="UncheckedInput.Contents"/>; from the second field on elements are read but not kept.
/// </remarks>
internal static class WireContents
{
    public static bool TryRead(ref WireCursor cursor, UncheckedRequest request, ref UncheckedInput input)
    {
        if (!cursor.TryEnter(out var outer)) return false;
        input.Contents |= ContentsFields.Present;
        while (true)
        {
            if (!cursor.TryReadTag(out var tag)) return false;
            if (tag == 0)
            {
                cursor.Leave(outer);
                return true;
            }
            if (!TryReadField(ref cursor, tag, request, ref input)) return false;
        }
    }

    public static bool TooLarge(ref WireCursor cursor) => cursor.Fail("its tensors hold more than 2 GiB");

    private static bool TryReadField(ref WireCursor cursor, uint tag, UncheckedRequest request, ref UncheckedInput input)
    {
        var type = (WireType)(tag & 7);
        if (tag >> 3 is < 1 or > 8) return cursor.TrySkip(tag, WireReader.MaxDepth - 2);
        var field = (ContentsFields)(1 << (int)(tag >> 3)); // the fields are numbered as the members are
        if (field == ContentsFields.Bytes)
            return type == WireType.LengthDelimited ? TryReadBytes(ref cursor, request, ref input) : cursor.TrySkip(tag, WireReader.MaxDepth - 2);

        if (type == WireType.LengthDelimited) return TryReadPacked(ref cursor, field, request, ref input);
        if (type != ElementType(field)) return cursor.TrySkip(tag, WireReader.MaxDepth - 2);
        return TryReadElements(ref cursor, field, 1, request, ref input);
    }

    private static bool TryReadPacked(ref WireCursor cursor, ContentsFields field, UncheckedRequest request, ref UncheckedInput input)
    {
        if (!cursor.TryReadLength(out var length)) return false;
        if (length == 0) return true;
        var size = ElementSize(field);
        var isVarint = ElementType(field) == WireType.Varint;
        if (!isVarint && length % size != 0) return cursor.Fail("a packed field ends inside an element");
        var count = isVarint ? cursor.CountVarints(length) : length / size;

        var end = cursor.Remaining - length;
        if (!TryReadElements(ref cursor, field, count, request, ref input)) return false;
        return cursor.Remaining == end || cursor.Fail("a packed field ends inside an element");
    }

    private static bool TryReadBytes(ref WireCursor cursor, UncheckedRequest request, ref UncheckedInput input)
    {
        if (!cursor.TryReadLength(out var length)) return false;
        if (length > int.MaxValue - sizeof(uint)) return TooLarge(ref cursor);
        if (!TryAppend(ref cursor, ContentsFields.Bytes, sizeof(uint) + length, request, ref input, out var region)) return false;
        if (region.IsEmpty) return cursor.TrySkipBytes(length);
        BinaryPrimitives.WriteUInt32LittleEndian(region, (uint)length);
        return cursor.TryCopyTo(region[sizeof(uint)..]);
    }

    private static bool TryReadElements(
        ref WireCursor cursor, ContentsFields field, int count, UncheckedRequest request, ref UncheckedInput input)
    {
        var size = ElementSize(field);
        if ((long)count * size > int.MaxValue) return TooLarge(ref cursor);
        if (!TryAppend(ref cursor, field, count * size, request, ref input, out var region)) return false;
        if (ElementType(field) != WireType.Varint)
            return region.IsEmpty ? cursor.TrySkipBytes(count * size) : cursor.TryCopyTo(region);

        for (var i = 0; i < count; i++)
        {
            if (!cursor.TryReadVarint(out var value)) return false;
            if (!region.IsEmpty) Write(region.Slice(i * size, size), value);
        }
        return true;
    }

    private static void Write(Span<byte> element, ulong value)
    {
        switch (element.Length)
        {
            case sizeof(bool):
                element[0] = value != 0 ? (byte)1 : (byte)0;
                break;
            case sizeof(uint):
                BinaryPrimitives.WriteUInt32LittleEndian(element, unchecked((uint)value));
                break;
            default:
                BinaryPrimitives.WriteUInt64LittleEndian(element, value);
                break;
        }
    }

    /// <param name="region">Where the elements go; empty when the input has elements in another field already, so that these are dropped.</param>
    private static bool TryAppend(
        ref WireCursor cursor, ContentsFields field, int bytes, UncheckedRequest request, ref UncheckedInput input, out Span<byte> region)
    {
        region = default;
        var before = input.Contents & ContentsFields.Typed;
        input.Contents |= field;
        if (before != ContentsFields.None && before != field) return true;
        if (before == ContentsFields.None) input.Elements = new BodySlice(request.BodyLength, 0);
        if (!request.TryExtend(bytes, out region)) return TooLarge(ref cursor);
        input.Elements = input.Elements with { Length = input.Elements.Length + bytes };
        return true;
    }

    private static WireType ElementType(ContentsFields field) => field switch
    {
        ContentsFields.Fp32 => WireType.Fixed32,
        ContentsFields.Fp64 => WireType.Fixed64,
        _ => WireType.Varint,
    };

    private static int ElementSize(ContentsFields field) => field switch
    {
        ContentsFields.Bool => sizeof(bool),
        ContentsFields.Int or ContentsFields.UInt or ContentsFields.Fp32 => sizeof(uint),
        _ => sizeof(ulong),
    };
}
