using Google.Protobuf;

namespace GrpcServing.Tests.Decoding;

/// <summary>
/// Rewrites the bytes of a ModelInferRequest in a way that other encoders might have: other order of fields, packed fields in parts or
/// unpacked, singular messages in parts, scalars given more than once, numbers with more bytes than they need, unknown fields.
/// </summary>
internal sealed class WireScrambler(int seed)
{
    private static readonly Schema Contents = new(Packed: [1, 2, 3, 4, 5, 6, 7], Singular: [], Nested: []);
    private static readonly Schema Parameter = new(Packed: [], Singular: [1, 2, 3, 4, 5], Nested: []);
    private static readonly Schema Entry = new(Packed: [], Singular: [1], Nested: new() { [2] = Parameter });
    private static readonly Schema Input = new(Packed: [3], Singular: [1, 2], Nested: new() { [4] = Entry, [5] = Contents });
    private static readonly Schema Output = new(Packed: [], Singular: [1], Nested: new() { [2] = Entry });
    private static readonly Schema Request = new(Packed: [], Singular: [1, 2, 3], Nested: new() { [4] = Entry, [5] = Input, [6] = Output });

    private readonly Random _random = new(seed);

    public byte[] Scramble(byte[] message) => Scramble(message, Request);

    /// <summary>A varint, sometimes with bytes that add nothing.</summary>
    public static byte[] Varint(ulong value, int padding = 0)
    {
        var bytes = new List<byte>();
        while (value >= 0x80)
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }
        bytes.Add((byte)value);
        for (var i = 0; i < padding && bytes.Count < 10; i++)
        {
            bytes[^1] |= 0x80;
            bytes.Add(0);
        }
        return [.. bytes];
    }

    public static byte[] Field(int number, WireFormat.WireType type, params byte[] content) =>
        [.. Varint(WireFormat.MakeTag(number, type)), .. content];

    public static byte[] Delimited(int number, params byte[] content) =>
        Field(number, WireFormat.WireType.LengthDelimited, [.. Varint((ulong)content.Length), .. content]);

    private byte[] Scramble(byte[] message, Schema schema)
    {
        var fields = new List<(int Number, byte[] Bytes)>();
        foreach (var (number, type, content) in Split(message))
        {
            if (schema.Singular.Contains(number) && Chance(5)) fields.Add((number, Encode(number, type, Decoy(type))));
            if (schema.Nested.TryGetValue(number, out var nested))
                fields.AddRange(Parts(content, nested).Select(part => (number, Encode(number, type, part))));
            else if (schema.Packed.Contains(number) && type == WireFormat.WireType.LengthDelimited)
                fields.AddRange(Repack(number, content, schema == Contents && number is 6 or 7 ? number == 6 ? 4 : 8 : 0).Select(part => (number, part)));
            else
                fields.Add((number, Encode(number, type, content)));
        }
        while (Chance(3)) fields.Add((_random.Next(), Unknown(depth: 3)));

        // Any order, but for the order within one field.
        var shuffled = fields.Select(field => (field.Number, field.Bytes, Key: _random.Next())).ToArray();
        if (Chance(2)) Array.Sort(shuffled, static (left, right) => left.Key.CompareTo(right.Key));
        var inOrder = fields.GroupBy(static field => field.Number).ToDictionary(static group => group.Key, static group => new Queue<byte[]>(group.Select(static field => field.Bytes)));
        return [.. shuffled.SelectMany(field => inOrder[field.Number].Dequeue())];
    }

    /// <summary>A nested message, or the same in two parts that a parser has to put together.</summary>
    private IEnumerable<byte[]> Parts(byte[] message, Schema schema)
    {
        if (schema != Contents || !Chance(2)) return [Scramble(message, schema)];
        var fields = Split(message).Select(field => Encode(field.Number, field.Type, field.Content)).ToArray();
        var cut = _random.Next(fields.Length + 1);
        return [Scramble([.. fields[..cut].SelectMany(static field => field)], schema), Scramble([.. fields[cut..].SelectMany(static field => field)], schema)];
    }

    private IEnumerable<byte[]> Repack(int number, byte[] content, int width)
    {
        var elements = new List<byte[]>();
        for (var at = 0; at < content.Length;)
        {
            var length = width;
            if (width == 0) while ((content[at + length++] & 0x80) != 0) { }
            elements.Add(content[at..(at + length)]);
            at += length;
        }
        var type = width switch { 4 => WireFormat.WireType.Fixed32, 8 => WireFormat.WireType.Fixed64, _ => WireFormat.WireType.Varint };
        for (var i = 0; i < elements.Count;)
        {
            var count = _random.Next(0, elements.Count - i + 1);
            yield return count == 1 && Chance(2)
                ? Field(number, type, elements[i])
                : Encode(number, WireFormat.WireType.LengthDelimited, [.. elements.Skip(i).Take(count).SelectMany(static element => element)]);
            i += count;
        }
    }

    private byte[] Unknown(int depth)
    {
        var number = Chance(3) ? _random.Next(1, 9) : _random.Next(20, 1 << 20);
        var known = number < 20;
        return _random.Next(known ? 2 : 5) switch
        {
            0 => Field(number, WireFormat.WireType.Fixed32, Decoy(WireFormat.WireType.Fixed32)),
            1 => Field(number, WireFormat.WireType.Fixed64, Decoy(WireFormat.WireType.Fixed64)),
            2 => Field(number, WireFormat.WireType.Varint, Varint((ulong)_random.NextInt64(), _random.Next(3))),
            3 => Delimited(number, Decoy(WireFormat.WireType.LengthDelimited)),
            _ => [.. Field(number, WireFormat.WireType.StartGroup), .. depth > 0 ? Unknown(depth - 1) : [], .. Field(number, WireFormat.WireType.EndGroup)],
        };
    }

    private byte[] Decoy(WireFormat.WireType type)
    {
        var bytes = new byte[type switch { WireFormat.WireType.Fixed32 => 4, WireFormat.WireType.Fixed64 => 8, WireFormat.WireType.Varint => 1, _ => _random.Next(10) }];
        for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)_random.Next(128);
        return bytes;
    }

    private byte[] Encode(int number, WireFormat.WireType type, byte[] content)
    {
        var padding = Chance(10) ? _random.Next(3) : 0;
        byte[] tag = Varint(WireFormat.MakeTag(number, type), padding);
        return type == WireFormat.WireType.LengthDelimited ? [.. tag, .. Varint((ulong)content.Length, padding), .. content] : [.. tag, .. content];
    }

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    /// <summary>The fields of a canonical message, lengths taken off.</summary>
    private static IEnumerable<(int Number, WireFormat.WireType Type, byte[] Content)> Split(byte[] message)
    {
        var at = 0;
        while (at < message.Length)
        {
            var tag = (uint)ReadVarint();
            var type = WireFormat.GetTagWireType(tag);
            var start = at;
            int length;
            switch (type)
            {
                case WireFormat.WireType.Varint:
                    ReadVarint();
                    length = at - start;
                    break;
                case WireFormat.WireType.LengthDelimited:
                    length = (int)ReadVarint();
                    start = at;
                    break;
                default:
                    length = type == WireFormat.WireType.Fixed32 ? 4 : 8;
                    break;
            }
            at = start + length;
            yield return (WireFormat.GetTagFieldNumber(tag), type, message[start..at]);
        }

        ulong ReadVarint()
        {
            var value = 0UL;
            for (var shift = 0; ; shift += 7)
            {
                value |= (ulong)(message[at] & 0x7f) << shift;
                if ((message[at++] & 0x80) == 0) return value;
            }
        }
    }

    private sealed record Schema(int[] Packed, int[] Singular, Dictionary<int, Schema> Nested);
}
