using CsCheck;
using GrpcServing.Responding;

namespace GrpcServing.Tests.Responding;

public sealed class StatusTextTests
{
    private static readonly string[] Pieces = ["a", "%", "é", "模", "🙂", "\n"];

    private static readonly Gen<string> Texts = Gen.Int[0, 5].Select(static i => Pieces[i]).Array[0, 6000].Select(string.Concat);

    [Fact]
    public void Fit_AnyMessage_IsItselfOrItsBeginningWithinTheBound() => Texts.Sample(message =>
    {
        var fitted = StatusText.Fit(message);

        Assert.InRange(EncodedBytes(fitted), 0, StatusText.MaxEncodedBytes);
        if (EncodedBytes(message) <= StatusText.MaxEncodedBytes) Assert.Equal(message, fitted);
        else Assert.True(fitted.EndsWith("...", StringComparison.Ordinal) && message.StartsWith(fitted[..^3], StringComparison.Ordinal));
        Assert.DoesNotContain('\uFFFD', fitted);
        // Nothing is given away: one more of the longest characters would not have fitted.
        if (fitted != message) Assert.InRange(EncodedBytes(fitted), StatusText.MaxEncodedBytes - 11, StatusText.MaxEncodedBytes);
    }, iter: 300);

    [Fact]
    public void Encode_AnyMessage_IsPrintableAsciiAndComesBack() => Texts.Sample(message =>
    {
        var encoded = StatusText.Encode(message);

        Assert.All(encoded, static c => Assert.InRange(c, ' ', '~'));
        Assert.Equal(EncodedBytes(message), encoded.Length);
        Assert.Equal(message, Uri.UnescapeDataString(encoded));
    }, iter: 100);

    [Fact]
    public void Clip_InTheMiddleOfAPair_LeavesThePairOut()
    {
        var text = new string('a', 127) + "🙂🙂";

        Assert.Equal(new string('a', 127) + "...", CallerText.Clip(text));
        Assert.Equal("🙂", CallerText.Clip("🙂"));
    }

    private static int EncodedBytes(string message) =>
        message.EnumerateRunes().Sum(static rune => rune.Value is >= ' ' and <= '~' and not '%' ? 1 : 3 * rune.Utf8SequenceLength);
}
