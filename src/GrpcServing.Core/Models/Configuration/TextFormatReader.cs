using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>Reads protobuf text format into a tree of fields, without a schema.</summary>
/// <remarks>
/// Takes what protobuf's own parser takes: messages in <c>{}</c> or <c>&lt;&gt;</c> with or without the colon, lists, adjacent strings,
/// comments, and <c>,</c> or <c>;</c> after a field. Extension and <c>Any</c> names (<c>[a.b]</c>) are an error: no file read here has them.
/// </remarks>
internal sealed class TextFormatReader
{
    /// <summary>Messages within messages; protobuf's own limit.</summary>
    public const int MaxDepth = 100;

    private readonly TextFormatScanner _scanner;
    private TextToken _token;
    private int _depth;

    private TextFormatReader(string text)
    {
        _scanner = new TextFormatScanner(text);
        Advance();
    }

    /// <exception cref="TextFormatException">At the first place where the text is wrong.</exception>
    public static TextMessage Read(string text)
    {
        var reader = new TextFormatReader(text);
        return reader.Fields(new TextPosition(1, 1), close: '\0');
    }

    /// <param name="close">The symbol that ends the message, or NUL for the end of the file.</param>
    private TextMessage Fields(TextPosition at, char close)
    {
        var fields = ImmutableArray.CreateBuilder<TextField>();
        while (true)
        {
            if (close == '\0' ? _token.Kind == TextTokenKind.End : _token.Is(close)) return new TextMessage(at, fields.ToImmutable());
            if (_token.Kind == TextTokenKind.End)
                throw new TextFormatException(_token.At, $"'{close}' is missing for the message that begins at {at.Line}:{at.Column}");
            fields.Add(Field());
        }
    }

    private TextField Field()
    {
        if (_token.Is('[')) throw new TextFormatException(_token.At, "extension and Any fields ('[...]') are not known here; expected the name of a field");
        if (_token.Kind != TextTokenKind.Identifier) throw Unexpected("the name of a field");
        var (at, name) = (_token.At, _token.Text);
        Advance();

        var hasColon = _token.Is(':');
        if (hasColon) Advance();
        var value = _token.Is('[') ? List() : SingleValue();
        if (!hasColon && !HoldsMessages(value)) throw new TextFormatException(value.At, $"expected ':' after '{name}'");

        if (_token.Is(',') || _token.Is(';')) Advance();
        return new TextField(at, name, value);
    }

    private static bool HoldsMessages(TextValue value) => value is TextMessage || (value is TextList list && list.Items.All(static item => item is TextMessage));

    private TextList List()
    {
        var at = _token.At;
        var items = ImmutableArray.CreateBuilder<TextValue>();
        Advance();
        while (!_token.Is(']'))
        {
            if (items.Count > 0)
            {
                if (!_token.Is(',')) throw Unexpected("',' or ']'");
                Advance();
            }
            items.Add(SingleValue());
        }
        Advance();
        return new TextList(at, items.ToImmutable());
    }

    private TextValue SingleValue()
    {
        var token = _token;
        if (token.Is('{') || token.Is('<')) return Message(token.Is('{') ? '}' : '>');
        if (token.Is('-')) return Negative();
        switch (token.Kind)
        {
            case TextTokenKind.Integer:
                Advance();
                return new TextInteger(token.At, Negative: false, token.Magnitude);
            case TextTokenKind.Float:
                Advance();
                return new TextFloat(token.At, token.Number);
            case TextTokenKind.Identifier:
                Advance();
                return new TextIdentifier(token.At, token.Text);
            case TextTokenKind.String:
                return Strings();
            default:
                throw Unexpected("a value");
        }
    }

    private TextMessage Message(char close)
    {
        if (++_depth > MaxDepth) throw new TextFormatException(_token.At, $"more than {MaxDepth} messages within each other");
        var at = _token.At;
        Advance();
        var message = Fields(at, close);
        Advance();
        _depth--;
        return message;
    }

    private TextValue Negative()
    {
        var at = _token.At;
        Advance();
        var token = _token;
        TextValue value = token.Kind switch
        {
            TextTokenKind.Integer => new TextInteger(at, Negative: true, token.Magnitude),
            TextTokenKind.Float => new TextFloat(at, -token.Number),
            TextTokenKind.Identifier when IsInfinity(token.Text) => new TextFloat(at, double.NegativeInfinity),
            TextTokenKind.Identifier when token.Text.Equals("nan", StringComparison.OrdinalIgnoreCase) => new TextFloat(at, double.NaN),
            _ => throw Unexpected("a number after '-'"),
        };
        Advance();
        return value;
    }

    private static bool IsInfinity(string word) =>
        word.Equals("inf", StringComparison.OrdinalIgnoreCase) || word.Equals("infinity", StringComparison.OrdinalIgnoreCase);

    private TextString Strings()
    {
        var at = _token.At;
        var value = "";
        while (_token.Kind == TextTokenKind.String)
        {
            value += _token.Text;
            Advance();
        }
        return new TextString(at, value);
    }

    private TextFormatException Unexpected(string expected) => new(_token.At, $"expected {expected}, found {_token.Describe()}");

    private void Advance() => _token = _scanner.Next();
}
