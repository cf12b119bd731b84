using System.Globalization;
using System.Text;
using CsCheck;
using GrpcServing.Models;

namespace GrpcServing.Tests.Models;

/// <summary>Prints trees of protobuf text format: one way for comparison, or in a random style that means the same.</summary>
internal static class TextFormatPrinter
{
    /// <summary>Different trees print differently, whatever the positions.</summary>
    public static string Canonical(TextMessage message)
    {
        var parts = message.Fields.Select(static field => field.Value is TextMessage inner
            ? $"{field.Name} {Braced(inner)}"
            : $"{field.Name}: {Canonical(field.Value)};");
        return string.Join(" ", parts);
    }

    public static string Styled(TextMessage message, Random random)
    {
        var text = new StringBuilder();
        foreach (var field in message.Fields)
        {
            text.Append(Blank(random)).Append(field.Name).Append(Blank(random));
            var needsColon = field.Value is not TextMessage;
            if (needsColon || random.Next(2) == 0) text.Append(':').Append(Blank(random));
            text.Append(Styled(field.Value, random));
            // Without a separator the next name must not run into a number or a word.
            text.Append(random.Next(3) switch { 0 => ",", 1 => ";", _ => "\n" });
        }
        return text.Append(Blank(random)).ToString();
    }

    private static string Braced(TextMessage message) => message.Fields.IsEmpty ? "{}" : $"{{ {Canonical(message)} }}";

    private static string Canonical(TextValue value) => value switch
    {
        TextInteger integer => $"{(integer.Negative ? "-" : "")}{integer.Magnitude}",
        TextFloat number => number.Value.ToString("R", CultureInfo.InvariantCulture) + "f",
        TextString text => $"\"{text.Value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        TextIdentifier identifier => identifier.Name,
        TextList list => $"[{string.Join(", ", list.Items.Select(Canonical))}]",
        TextMessage message => Braced(message),
        _ => throw new InvalidOperationException("a value of a kind that this printer does not know"),
    };

    private static string Styled(TextValue value, Random random) => value switch
    {
        TextInteger integer => (integer.Negative ? "-" + Blank(random) : "") + Integer(integer.Magnitude, random),
        TextFloat number => number.Value.ToString("E17", CultureInfo.InvariantCulture) + (random.Next(2) == 0 ? "f" : ""),
        TextString text => Quoted(text.Value, random),
        TextIdentifier identifier => identifier.Name,
        TextList list => $"[{Blank(random)}{string.Join(Blank(random) + "," + Blank(random), list.Items.Select(item => Styled(item, random)))}{Blank(random)}]",
        TextMessage message => random.Next(2) == 0 ? $"{{{Styled(message, random)}}}" : $"<{Styled(message, random)}>",
        _ => throw new InvalidOperationException("a value of a kind that this printer does not know"),
    };

    private static string Integer(ulong value, Random random) => random.Next(3) switch
    {
        0 => value.ToString(CultureInfo.InvariantCulture),
        1 => $"0x{value:x}",
        _ => "0" + Octal(value),
    };

    private static string Octal(ulong value) => value == 0 ? "" : Octal(value >> 3) + (char)('0' + (int)(value & 7));

    private static string Quoted(string value, Random random)
    {
        var cut = random.Next(3) == 0 ? value.Length / 2 : 0;
        if (cut > 0 && char.IsHighSurrogate(value[cut - 1])) cut--;
        if (cut > 0) return Quoted(value[..cut], random) + Blank(random) + Quoted(value[cut..], random);

        var quote = random.Next(2) == 0 ? '"' : '\'';
        var text = new StringBuilder().Append(quote);
        foreach (var rune in value.EnumerateRunes())
        {
            var mustEscape = rune.Value < ' ' || rune.Value == quote || rune.Value == '\\';
            switch (mustEscape ? random.Next(3) : random.Next(8))
            {
                case 0:
                    foreach (var utf8 in Encoding.UTF8.GetBytes(rune.ToString())) text.Append(CultureInfo.InvariantCulture, $"\\x{utf8:X2}");
                    break;
                case 1:
                    foreach (var utf8 in Encoding.UTF8.GetBytes(rune.ToString())) text.Append('\\').Append(Convert.ToString(utf8, 8).PadLeft(3, '0'));
                    break;
                case 2:
                    text.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:X8}");
                    break;
                default:
                    text.Append(rune.ToString());
                    break;
            }
        }
        return text.Append(quote).ToString();
    }

    private static string Blank(Random random) => random.Next(5) switch
    {
        0 => "",
        1 => "\t",
        2 => "\r\n",
        3 => " # it's \"a\" comment { \n",
        _ => " ",
    };
}

/// <summary>Random trees of protobuf text format.</summary>
internal static class TextFormatTrees
{
    private static readonly TextPosition Nowhere = new(1, 1);

    private static readonly Gen<string> Name = Gen.Char["abcXYZ_"].Array[1, 8].Select(static characters => new string(characters));

    private static readonly Gen<TextValue> Scalar = Gen.OneOf(
        Gen.Select(Gen.Bool, Gen.ULong, static (negative, magnitude) => (TextValue)new TextInteger(Nowhere, negative, magnitude)),
        Gen.Double.Where(double.IsFinite).Select(static value => (TextValue)new TextFloat(Nowhere, value)),
        Gen.Char.Array[0, 12].Select(static characters => (TextValue)new TextString(Nowhere, Repaired(characters))),
        Name.Select(static name => (TextValue)new TextIdentifier(Nowhere, name)));

    public static Gen<TextMessage> Message { get; } = OfDepth(3);

    private static Gen<TextMessage> OfDepth(int depth)
    {
        var value = Scalar;
        if (depth > 0)
        {
            var inner = OfDepth(depth - 1).Select(static message => (TextValue)message);
            var list = Gen.OneOf(Scalar, inner).Array[0, 3].Select(static items => (TextValue)new TextList(Nowhere, [.. items]));
            value = Gen.OneOf(Scalar, inner, list);
        }
        return Gen.Select(Name, value, static (name, content) => new TextField(Nowhere, name, content))
            .Array[0, 4]
            .Select(static fields => new TextMessage(Nowhere, [.. fields]));
    }

    /// <summary>Lone surrogates are no text.</summary>
    private static string Repaired(char[] characters) => string.Concat(new string(characters).EnumerateRunes().Select(static rune => rune.ToString()));
}
