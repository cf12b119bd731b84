using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace GrpcServing.Models;

/// <summary>Collects the content of one quoted string of protobuf text format.</summary>
/// <remarks>
/// Escapes with <c>\x</c> and octal digits are bytes, which several of them may join to one character, so the content is kept as
/// UTF-8 and decoded once at the end.
/// </remarks>
internal sealed class TextFormatString
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<byte> _bytes = [];
    private char _highSurrogate;

    public void Append(char c)
    {
        if (char.IsHighSurrogate(c))
        {
            _highSurrogate = c;
            return;
        }
        var rune = char.IsLowSurrogate(c) && _highSurrogate != 0 ? new Rune(_highSurrogate, c)
            : Rune.TryCreate(c, out var single) ? single : Rune.ReplacementChar;
        _highSurrogate = '\0';
        Append(rune);
    }

    /// <param name="next">Just after the backslash; moved past the escape when it is one.</param>
    /// <returns>False when there is no such escape.</returns>
    public bool TryAppendEscape(string text, ref int next)
    {
        if (next >= text.Length) return false;
        var c = text[next];
        if (c is >= '0' and <= '7') return TryAppendByte(text, ref next, mostDigits: 3, radix: 8);
        switch (c)
        {
            case 'x' or 'X':
                next++;
                return TryAppendByte(text, ref next, mostDigits: 2, radix: 16);
            case 'u':
                return TryAppendRune(text, ref next, digits: 4);
            case 'U':
                return TryAppendRune(text, ref next, digits: 8);
        }

        var index = "abfnrtv?\\'\"".IndexOf(c, StringComparison.Ordinal);
        if (index < 0) return false;
        _bytes.Add((byte)"\a\b\f\n\r\t\v?\\'\""[index]);
        next++;
        return true;
    }

    /// <returns>False when the bytes are not UTF-8.</returns>
    public bool TryFinish([NotNullWhen(true)] out string? value)
    {
        try
        {
            value = Strict.GetString([.. _bytes]);
            return true;
        }
        catch (DecoderFallbackException)
        {
            value = null;
            return false;
        }
    }

    private bool TryAppendByte(string text, ref int next, int mostDigits, int radix)
    {
        var value = 0;
        var digits = 0;
        while (digits < mostDigits && next < text.Length && char.IsAsciiHexDigit(text[next]))
        {
            var digit = Convert.ToInt32(text[next].ToString(), 16);
            if (digit >= radix) break;
            value = value * radix + digit;
            digits++;
            next++;
        }
        if (digits == 0 || value > byte.MaxValue) return false;
        _bytes.Add((byte)value);
        return true;
    }

    private bool TryAppendRune(string text, ref int next, int digits)
    {
        if (next + 1 + digits > text.Length) return false;
        var hex = text.AsSpan(next + 1, digits);
        if (!int.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) return false;
        if (!Rune.TryCreate(value, out var rune)) return false;
        Append(rune);
        next += 1 + digits;
        return true;
    }

    private void Append(Rune rune)
    {
        Span<byte> utf8 = stackalloc byte[4];
        _bytes.AddRange(utf8[..rune.EncodeToUtf8(utf8)]);
    }
}
