using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>A place in a text file, both parts from 1.</summary>
internal readonly record struct TextPosition(int Line, int Column);

/// <summary>What stands after a field's name in protobuf text format. Immutable; no schema is applied.</summary>
/// <param name="At">Where the value begins.</param>
internal abstract record TextValue(TextPosition At);

/// <summary>A whole number: decimal, hexadecimal or octal. One beyond 64 bits is a <see cref="TextFloat"/>.</summary>
internal sealed record TextInteger(TextPosition At, bool Negative, ulong Magnitude) : TextValue(At);

/// <summary>A number with a fraction, an exponent or an <c>f</c>, and <c>-inf</c>. (<c>inf</c> and <c>nan</c> are identifiers.)</summary>
internal sealed record TextFloat(TextPosition At, double Value) : TextValue(At);

/// <summary>One or more adjacent quoted strings, unescaped and joined.</summary>
internal sealed record TextString(TextPosition At, string Value) : TextValue(At);

/// <summary>A bare word: the name of an enum value, <c>true</c>, <c>inf</c>.</summary>
internal sealed record TextIdentifier(TextPosition At, string Name) : TextValue(At);

/// <summary><c>[a, b]</c>; may be empty; its items are scalars or messages, never lists.</summary>
internal sealed record TextList(TextPosition At, ImmutableArray<TextValue> Items) : TextValue(At);

/// <summary><c>{ ... }</c>, <c>&lt; ... &gt;</c>, or the whole file.</summary>
internal sealed record TextMessage(TextPosition At, ImmutableArray<TextField> Fields) : TextValue(At);

/// <summary>One <c>name: value</c>. A repeated field written several times is several of these.</summary>
/// <param name="At">Where the name begins.</param>
internal sealed record TextField(TextPosition At, string Name, TextValue Value);

/// <summary>The text is not protobuf text format. The message says what was expected and what was found.</summary>
internal sealed class TextFormatException(TextPosition at, string message) : Exception(message)
{
    public TextPosition At { get; } = at;
}
