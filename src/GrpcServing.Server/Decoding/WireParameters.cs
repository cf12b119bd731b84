namespace GrpcServing.Decoding;

/// <summary>Reads entries of a <c>map&lt;string, InferParameter&gt;</c>.</summary>
internal static class WireParameters
{
    private const uint KeyTag = (1 << 3) | (uint)WireType.LengthDelimited;
    private const uint ValueTag = (2 << 3) | (uint)WireType.LengthDelimited;
    private const uint BoolTag = (1 << 3) | (uint)WireType.Varint;
    private const uint Int64Tag = (2 << 3) | (uint)WireType.Varint;
    private const uint StringTag = (3 << 3) | (uint)WireType.LengthDelimited;
    private const uint DoubleTag = (4 << 3) | (uint)WireType.Fixed64;
    private const uint UInt64Tag = (5 << 3) | (uint)WireType.Varint;

    /// <summary>Reads one entry; it replaces one of the same name.</summary>
    /// <param name="depth">Messages around the entry.</param>
    public static bool TryRead(ref WireCursor cursor, List<UncheckedParameter> parameters, int depth)
    {
        if (!cursor.TryEnter(out var outer)) return false;
        var name = "";
        var value = UncheckedParameter.Valueless("");
        while (true)
        {
            if (!cursor.TryReadTag(out var tag)) return false;
            switch (tag)
            {
                case 0:
                    cursor.Leave(outer);
                    return UncheckedParameter.TryPut(parameters, value.Renamed(name)) ||
                        cursor.Fail(FormattableString.Invariant($"there are more than {UncheckedParameter.MaxCount} parameters of one kind"));
                case KeyTag:
                    if (!WireText.TryReadName(ref cursor, "a parameter's name", out name)) return false;
                    break;
                case ValueTag:
                    // A second value replaces the first: unlike other singular messages, those of a map entry are not merged.
                    if (!TryReadValue(ref cursor, depth + 1, out value)) return false;
                    break;
                default:
                    if (!cursor.TrySkip(tag, WireReader.MaxDepth - depth - 2)) return false;
                    break;
            }
        }
    }

    private static bool TryReadValue(ref WireCursor cursor, int depth, out UncheckedParameter value)
    {
        value = UncheckedParameter.Valueless("");
        if (!cursor.TryEnter(out var outer)) return false;
        while (true)
        {
            if (!cursor.TryReadTag(out var tag)) return false;
            ulong number;
            switch (tag)
            {
                case 0:
                    cursor.Leave(outer);
                    return true;
                case BoolTag:
                    if (!cursor.TryReadVarint(out number)) return false;
                    value = UncheckedParameter.From("", number != 0);
                    break;
                case Int64Tag:
                    if (!cursor.TryReadVarint(out number)) return false;
                    value = UncheckedParameter.From("", unchecked((long)number));
                    break;
                case UInt64Tag:
                    if (!cursor.TryReadVarint(out number)) return false;
                    value = UncheckedParameter.From("", number);
                    break;
                case DoubleTag:
                    if (!cursor.TryReadFixed64(out number)) return false;
                    value = UncheckedParameter.From("", BitConverter.UInt64BitsToDouble(number));
                    break;
                case StringTag:
                    if (!WireText.TryRead(ref cursor, "a parameter's string_param", out var text)) return false;
                    value = UncheckedParameter.From("", text);
                    break;
                default:
                    if (!cursor.TrySkip(tag, WireReader.MaxDepth - depth - 1)) return false;
                    break;
            }
        }
    }
}
