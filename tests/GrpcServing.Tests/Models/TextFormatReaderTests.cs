using CsCheck;
using GrpcServing.Models;

namespace GrpcServing.Tests.Models;

public class TextFormatReaderTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("  # only a comment", "")]
    [InlineData("a: 1", "a: 1;")]
    [InlineData("a:1 b:2", "a: 1; b: 2;")]
    [InlineData("a: 1, b: 2; c: 3", "a: 1; b: 2; c: 3;")]
    [InlineData("a: 1 # one\nb: 2", "a: 1; b: 2;")]
    [InlineData("a: -7", "a: -7;")]
    [InlineData("a: - 7", "a: -7;")]
    [InlineData("a: 0x1F", "a: 31;")]
    [InlineData("a: -0xff", "a: -255;")]
    [InlineData("a: 017", "a: 15;")]
    [InlineData("a: 0", "a: 0;")]
    [InlineData("a: 18446744073709551615", "a: 18446744073709551615;")]
    [InlineData("a: 18446744073709551616", "a: 1.8446744073709552E+19f;")]
    [InlineData("a: 1.5", "a: 1.5f;")]
    [InlineData("a: .5", "a: 0.5f;")]
    [InlineData("a: 5.", "a: 5f;")]
    [InlineData("a: 1e3", "a: 1000f;")]
    [InlineData("a: 1.5E-2f", "a: 0.015f;")]
    [InlineData("a: 2f", "a: 2f;")]
    [InlineData("a: -inf", "a: -Infinityf;")]
    [InlineData("a: -nan", "a: NaNf;")]
    [InlineData("a: inf", "a: inf;")]
    [InlineData("a: TYPE_FP32", "a: TYPE_FP32;")]
    [InlineData("a: true", "a: true;")]
    [InlineData("a: \"x\"", "a: \"x\";")]
    [InlineData("a: 'x \"y\"'", "a: \"x \\\"y\\\"\";")]
    [InlineData("a: \"x\" 'y'\n\"z\"", "a: \"xyz\";")]
    [InlineData("a: \"# no comment\"", "a: \"# no comment\";")]
    [InlineData("a { }", "a {}")]
    [InlineData("a: { b: 1 }", "a { b: 1; }")]
    [InlineData("a < b < c: 1 > >", "a { b { c: 1; } }")]
    [InlineData("a: < b: 1 >", "a { b: 1; }")]
    [InlineData("a {b:1},c:2", "a { b: 1; } c: 2;")]
    [InlineData("a: [ 1, 2 ,3 ]", "a: [1, 2, 3];")]
    [InlineData("a: []", "a: [];")]
    [InlineData("a []", "a: [];")]
    [InlineData("a [ { b: 1 }, < b: 2 > ]", "a: [{ b: 1; }, { b: 2; }];")]
    [InlineData("a: [ { } ]", "a: [{}];")]
    [InlineData("a: ['x' 'y', \"z\"]", "a: [\"xy\", \"z\"];")]
    [InlineData("a: [A, -1, 2.5]", "a: [A, -1, 2.5f];")]
    public void Read_WellFormed_GivesTheTree(string text, string canonical) =>
        Assert.Equal(canonical, TextFormatPrinter.Canonical(TextFormatReader.Read(text)));

    [Theory]
    [InlineData("\\a\\b\\f\\n\\r\\t\\v\\?\\\\\\'\\\"", "\a\b\f\n\r\t\v?\\'\"")]
    [InlineData("\\101\\60\\0", "A0\0")]
    [InlineData("\\1012", "A2")]
    [InlineData("\\x41\\X4a", "AJ")]
    [InlineData("\\xc3\\xa9", "é")]
    [InlineData("\\303\\251", "é")]
    [InlineData("\\u00e9\\U0001F600", "é😀")]
    [InlineData("é😀", "é😀")]
    public void Read_Escape_GivesTheCharacter(string escaped, string expected)
    {
        var message = TextFormatReader.Read($"a: \"{escaped}\"");

        Assert.Equal(expected, Assert.IsType<TextString>(message.Fields[0].Value).Value);
    }

    [Theory]
    [InlineData("a 1", 1, 3, "expected ':' after 'a'")]
    [InlineData("a [1]", 1, 3, "expected ':' after 'a'")]
    [InlineData("a:", 1, 3, "expected a value, found the end of the file")]
    [InlineData("a: ]", 1, 4, "expected a value, found ']'")]
    [InlineData(": 1", 1, 1, "expected the name of a field, found ':'")]
    [InlineData("'a': 1", 1, 1, "expected the name of a field, found a string")]
    [InlineData("a: 1;; b: 2", 1, 6, "expected the name of a field, found ';'")]
    [InlineData("a {\n  b: 1\n", 3, 1, "'}' is missing for the message that begins at 1:3")]
    [InlineData("a { b: 1 >", 1, 10, "expected the name of a field, found '>'")]
    [InlineData("a: 1 }", 1, 6, "expected the name of a field, found '}'")]
    [InlineData("a: [1 2]", 1, 7, "expected ',' or ']', found '2'")]
    [InlineData("a: [1,]", 1, 7, "expected a value, found ']'")]
    [InlineData("a: [[1]]", 1, 5, "expected a value, found '['")]
    [InlineData("a: \"x\nb: 1", 1, 4, "the string is not closed on its line")]
    [InlineData("a: 'x", 1, 4, "the string is not closed on its line")]
    [InlineData("a: \"\\q\"", 1, 5, "unknown escape \\'q'")]
    [InlineData("a: \"\\xg\"", 1, 5, "unknown escape")]
    [InlineData("a: \"\\777\"", 1, 5, "unknown escape")]
    [InlineData("a: \"\\ud800\"", 1, 5, "unknown escape")]
    [InlineData("a: \"\\u12\"", 1, 5, "unknown escape")]
    [InlineData("a: \"\\xff\"", 1, 4, "the string is not valid UTF-8")]
    [InlineData("a: 12ab", 1, 4, "'12ab' is not a number")]
    [InlineData("a: 0x", 1, 4, "'0x' is not a hexadecimal number of at most 64 bits")]
    [InlineData("a: 0x11111111111111111", 1, 4, "is not a hexadecimal number of at most 64 bits")]
    [InlineData("a: 09", 1, 4, "'09' begins with 0 and so is octal, but holds the digit 9")]
    [InlineData("a: 07777777777777777777777", 1, 4, "is not an octal number of at most 64 bits")]
    [InlineData("a: 1.2.3", 1, 4, "'1.2.3' is not a number")]
    [InlineData("a: 1e", 1, 4, "'1e' needs digits in its exponent")]
    [InlineData("a: -x", 1, 5, "expected a number after '-', found 'x'")]
    [InlineData("a: - 'x'", 1, 6, "expected a number after '-', found a string")]
    [InlineData("\n\n  a: @", 3, 6, "unexpected character '@'")]
    [InlineData("a: 1\nb: é", 2, 4, "unexpected character U+00E9")]
    [InlineData("[a.b]: 1", 1, 1, "extension and Any fields")]
    public void Read_Malformed_NamesPlaceAndCause(string text, int line, int column, string message)
    {
        var error = Assert.Throws<TextFormatException>(() => TextFormatReader.Read(text));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(new TextPosition(line, column), error.At);
    }

    [Fact]
    public void Read_NestedTooDeep_IsAnErrorAndNoOverflow()
    {
        var deepest = string.Concat(Enumerable.Repeat("a {", TextFormatReader.MaxDepth)) + new string('}', TextFormatReader.MaxDepth);

        TextFormatReader.Read(deepest);
        Assert.Throws<TextFormatException>(() => TextFormatReader.Read("a {" + deepest + "}"));
        Assert.Throws<TextFormatException>(() => TextFormatReader.Read(string.Concat(Enumerable.Repeat("a {", 1_000_000))));
    }

    /// <summary>Law: a tree printed in any style of the format reads back as the same tree.</summary>
    [Fact]
    public void Read_AnyTreeInAnyStyle_GivesTheTreeBack() =>
        Gen.Select(TextFormatTrees.Message, Gen.Int).Sample((tree, style) =>
        {
            var text = TextFormatPrinter.Styled(tree, new Random(style));
            return TextFormatPrinter.Canonical(TextFormatReader.Read(text)) == TextFormatPrinter.Canonical(tree);
        });

    /// <summary>Law: whatever the text, the answer is a tree or an error inside the text; nothing else is thrown.</summary>
    [Fact]
    public void Read_AnyCharacters_GivesATreeOrAnErrorWithItsPlace() =>
        Gen.OneOf(Gen.Char["{}<>[]:;,-#\"'\\\n abx0179.eéf"], Gen.Char).Array[0, 40].Select(static characters => new string(characters)).Sample(text =>
        {
            try
            {
                TextFormatReader.Read(text);
                return true;
            }
            catch (TextFormatException e)
            {
                var lines = text.Split('\n');
                return e.At.Line >= 1 && e.At.Line <= lines.Length && e.At.Column >= 1 && e.At.Column <= lines[e.At.Line - 1].Length + 1;
            }
        });

    [Fact]
    public void Read_Field_KnowsWhereItStands()
    {
        var message = TextFormatReader.Read("a: 1\n  b {\n    c: 'x' }");

        var b = message.Fields[1];
        var c = Assert.IsType<TextMessage>(b.Value).Fields[0];
        Assert.Equal(new TextPosition(2, 3), b.At);
        Assert.Equal(new TextPosition(3, 5), c.At);
        Assert.Equal(new TextPosition(3, 8), c.Value.At);
    }
}
