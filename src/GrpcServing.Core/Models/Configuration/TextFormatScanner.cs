using System.Globalization;

namespace GrpcServing.Models;

internal enum TextTokenKind
{
    End,
    Identifier,
    Integer,
    Float,
    String,
    Symbol,
}

/// <param name="Text">The word, the symbol, or the unescaped string; for numbers as written.</param>
/// <param name="Magnitude">Of an integer.</param>
/// <param name="Number">Of a float.</param>
internal readonly record struct TextToken(TextTokenKind Kind, TextPosition At, string Text, ulong Magnitude = 0, double Number = 0)
{
    public bool Is(char symbol) => Kind == TextTokenKind.Symbol && Text[0] == symbol;

    /// <summary>For messages.</summary>
    public string Describe() => Kind switch
    {
        TextTokenKind.End => "the end of the file",
        TextTokenKind.String => "a string",
        _ => $"'{Text}'",
    };
}

/// <summary>Cuts protobuf text format into tokens; comments and white space fall away. A sign is a symbol of its own.</summary>
internal sealed class TextFormatScanner(string text)
{
    private int _next;
    private int _line = 1;
    private int _lineStart;

    private char Current => _next < text.Length ? text[_next] : '\0';

    private TextPosition Here => new(_line, _next - _lineStart + 1);

    /// <exception cref="TextFormatException">The next characters are no token.</exception>
    public TextToken Next()
    {
        SkipBlank();
        var at = Here;
        if (_next >= text.Length) return new TextToken(TextTokenKind.End, at, "");

        var c = Current;
        if (char.IsAsciiLetter(c) || c == '_') return new TextToken(TextTokenKind.Identifier, at, TakeWhile(IsWordPart));
        if (char.IsAsciiDigit(c) || (c == '.' && _next + 1 < text.Length && char.IsAsciiDigit(text[_next + 1]))) return Number(at);
        if (c is '"' or '\'') return new TextToken(TextTokenKind.String, at, Quoted(at));
        if ("{}<>[]:;,-".Contains(c))
        {
            _next++;
            return new TextToken(TextTokenKind.Symbol, at, c.ToString());
        }
        throw new TextFormatException(at, $"unexpected character {Show(c)}");
    }

    private void SkipBlank()
    {
        while (_next < text.Length)
        {
            var c = text[_next];
            if (c == '#')
            {
                while (_next < text.Length && text[_next] != '\n') _next++;
            }
            else if (c is ' ' or '\t' or '\r' or '\v' or '\f')
            {
                _next++;
            }
            else if (c == '\n')
            {
                _next++;
                _line++;
                _lineStart = _next;
            }
            else
            {
                return;
            }
        }
    }

    private TextToken Number(TextPosition at)
    {
        var start = _next;
        if (Current == '0' && _next + 1 < text.Length && text[_next + 1] is 'x' or 'X')
        {
            _next += 2;
            var digits = TakeWhile(char.IsAsciiHexDigit);
            EndOfNumber(at, start);
            if (!ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex))
                throw new TextFormatException(at, $"'{text[start.._next]}' is not a hexadecimal number of at most 64 bits");
            return new TextToken(TextTokenKind.Integer, at, text[start.._next], hex);
        }

        TakeWhile(char.IsAsciiDigit);
        var isFloat = false;
        if (Current == '.')
        {
            isFloat = true;
            _next++;
            TakeWhile(char.IsAsciiDigit);
        }
        if (Current is 'e' or 'E')
        {
            isFloat = true;
            _next++;
            if (Current is '+' or '-') _next++;
            if (TakeWhile(char.IsAsciiDigit).Length == 0) throw new TextFormatException(at, $"'{text[start.._next]}' needs digits in its exponent");
        }
        var digitsEnd = _next;
        if (Current is 'f' or 'F')
        {
            isFloat = true;
            _next++;
        }
        EndOfNumber(at, start);

        var number = text[start..digitsEnd];
        var isOctal = !isFloat && number.Length > 1 && number[0] == '0';
        if (isOctal) return new TextToken(TextTokenKind.Integer, at, number, Octal(at, number));
        if (!isFloat && ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var magnitude))
            return new TextToken(TextTokenKind.Integer, at, number, magnitude);
        return new TextToken(TextTokenKind.Float, at, text[start.._next], Number: double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture));
    }

    private static ulong Octal(TextPosition at, string digits)
    {
        var value = 0UL;
        foreach (var c in digits)
        {
            if (c > '7') throw new TextFormatException(at, $"'{digits}' begins with 0 and so is octal, but holds the digit {c}");
            if (value >> 61 != 0) throw new TextFormatException(at, $"'{digits}' is not an octal number of at most 64 bits");
            value = (value << 3) | (uint)(c - '0');
        }
        return value;
    }

    private void EndOfNumber(TextPosition at, int start)
    {
        if (!IsWordPart(Current) && Current != '.') return;
        TakeWhile(static c => IsWordPart(c) || c == '.');
        throw new TextFormatException(at, $"'{text[start.._next]}' is not a number");
    }

    private string Quoted(TextPosition at)
    {
        var quote = text[_next++];
        var content = new TextFormatString();
        while (true)
        {
            if (_next >= text.Length || Current == '\n') throw new TextFormatException(at, "the string is not closed on its line");
            var c = text[_next];
            if (c == quote)
            {
                _next++;
                return content.TryFinish(out var value) ? value : throw new TextFormatException(at, "the string is not valid UTF-8");
            }
            if (c != '\\')
            {
                content.Append(c);
                _next++;
                continue;
            }
            var escape = Here;
            _next++;
            if (!content.TryAppendEscape(text, ref _next)) throw new TextFormatException(escape, $"unknown escape \\{Show(Current)}");
        }
    }

    private string TakeWhile(Func<char, bool> accepts)
    {
        var start = _next;
        while (_next < text.Length && accepts(text[_next])) _next++;
        return text[start.._next];
    }

    private static bool IsWordPart(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    private static string Show(char c) => c is > ' ' and < (char)127 ? $"'{c}'" : $"U+{(int)c:X4}";
}
