using System.Text;
using System.Text.Json;

namespace GrpcServing.Tests.Shadowing;

/// <summary><c>gserve shadow verdict</c>, run as <c>Program</c> runs it.</summary>
public sealed class VerdictCommandTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Verdict_OfCleanPairs_PrintsOneObjectWithThePublishedNumbers()
    {
        File.WriteAllLines(_file, Enumerable.Repeat("0", 473));

        var (code, output, error) = Run("", "shadow", "verdict", "--pairs", _file, "--budget", "0.01", "--alpha", "0.05");

        Assert.Equal((0, ""), (code, error));
        var verdict = JsonElement.Parse(output);
        Assert.Equal(["verdict", "pairs", "disagreements", "eValue", "logE", "lower", "upper", "decidedAt"], verdict.EnumerateObject().Select(static property => property.Name));
        Assert.Equal("PASS", verdict.GetProperty("verdict").GetString());
        Assert.Equal([473, 0, 473], new[] { "pairs", "disagreements", "decidedAt" }.Select(name => verdict.GetProperty(name).GetInt64()));
        Assert.Equal(2.9997897175, verdict.GetProperty("logE").GetDouble(), 1e-9);
        Assert.Equal(Math.Exp(2.9997897175), verdict.GetProperty("eValue").GetDouble(), 1e-7);
        Assert.Equal(0, verdict.GetProperty("lower").GetDouble());
        Assert.Equal(.0099915076, verdict.GetProperty("upper").GetDouble(), 1e-9);
    }

    [Fact]
    public void Verdict_AfterItsDecision_StaysWhileTheNumbersGoOn()
    {
        var pairs = string.Concat(Enumerable.Range(1, 2000).Select(static i => i % 20 == 0 ? "1\n" : "0\n"));

        var verdict = JsonElement.Parse(Run(pairs, "shadow", "verdict", "--pairs", "-").Output);

        Assert.Equal("FAIL", verdict.GetProperty("verdict").GetString());
        Assert.Equal([2000, 100, 140], new[] { "pairs", "disagreements", "decidedAt" }.Select(name => verdict.GetProperty(name).GetInt64()));
        Assert.True(verdict.GetProperty("logE").GetDouble() > 20);
        Assert.True(verdict.GetProperty("lower").GetDouble() > .03);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("\n\n", 0)]
    [InlineData("0\n1", 2)]
    [InlineData("\uFEFF 1 \r\n\r\n\t0\r\n", 2)]
    public void Verdict_FewOrNoPairs_IsUndecided(string input, int pairs)
    {
        var (code, output, _) = Run(input, "shadow", "verdict", "--pairs", "-");

        Assert.Equal(0, code);
        var verdict = JsonElement.Parse(output);
        Assert.Equal("UNDECIDED", verdict.GetProperty("verdict").GetString());
        Assert.Equal(pairs, verdict.GetProperty("pairs").GetInt32());
        Assert.Equal(JsonValueKind.Null, verdict.GetProperty("decidedAt").ValueKind);
    }

    [Theory]
    [InlineData(473, "0\n", 0)]
    [InlineData(473, "1\n", 1)]
    [InlineData(10, "0\n", 2)]
    public void Verdict_WithGate_IsTheExitCode(int count, string line, int expected)
    {
        var input = string.Concat(Enumerable.Repeat(line, count));

        Assert.Equal(expected, Run(input, "shadow", "verdict", "--pairs", "-", "--gate").Code);
        Assert.Equal(0, Run(input, "shadow", "verdict", "--pairs", "-").Code);
    }

    [Fact]
    public void Verdict_EvidenceTooLargeForANumber_IsNullWithItsLogarithm()
    {
        var verdict = JsonElement.Parse(Run(string.Concat(Enumerable.Repeat("1\n", 1000)), "shadow", "verdict", "--pairs", "-").Output);

        Assert.Equal(JsonValueKind.Null, verdict.GetProperty("eValue").ValueKind);
        Assert.True(verdict.GetProperty("logE").GetDouble() > 709);
    }

    [Theory]
    [InlineData("0\n1\nyes\n0\n", "Standard input, line 3: expected 0 or 1, found 'yes'.")]
    [InlineData("0\n\n0 1\n", "Standard input, line 3: expected 0 or 1, found '0 1'.")]
    [InlineData("0.0", "Standard input, line 1: expected 0 or 1, found '0.0'.")]
    [InlineData("0\n10", "Standard input, line 2: expected 0 or 1, found '10'.")]
    [InlineData("\u001b[31m\n", "Standard input, line 1: expected 0 or 1, found '?[31m'.")]
    public void Verdict_AnotherLine_IsNamedWithItsText(string input, string message)
    {
        var (code, output, error) = Run(input, "shadow", "verdict", "--pairs", "-");

        Assert.Equal((65, "", message + Environment.NewLine), (code, output, error));
    }

    [Fact]
    public void Verdict_LineOfAnyLength_IsCut()
    {
        var (code, _, error) = Run(new string('x', 1 << 20), "shadow", "verdict", "--pairs", "-");

        Assert.Equal(65, code);
        Assert.Equal($"Standard input, line 1: expected 0 or 1, found '{new string('x', 60)}...'.{Environment.NewLine}", error);
    }

    [Theory]
    [InlineData("--pairs", "/no/such/file")]
    [InlineData("--pairs", "/")]
    public void Verdict_FileThatCannotBeRead_IsNamed(params string[] arguments)
    {
        var (code, output, error) = Run("", ["shadow", "verdict", .. arguments]);

        Assert.Equal((66, ""), (code, output));
        Assert.StartsWith($"--pairs {arguments[1]} cannot be read: ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Option '--pairs' is required.", "shadow", "verdict")]
    [InlineData("--budget (2) must be a number above 0 and below 1.", "shadow", "verdict", "--pairs", "-", "--budget", "2")]
    [InlineData("--alpha (abc) must be a number above 0 and below 1.", "shadow", "verdict", "--pairs", "-", "--alpha", "abc")]
    [InlineData("--alpha (NaN) must be a number above 0 and below 1.", "shadow", "verdict", "--pairs", "-", "--alpha", "NaN")]
    [InlineData("Unrecognized command or argument '--bugdet'.", "shadow", "verdict", "--pairs", "-", "--bugdet", ".1")]
    [InlineData("Required command was not provided.", "shadow")]
    [InlineData("Required command was not provided.")]
    public void Run_WrongCommandLine_SaysWhatAndWhereHelpIs(string message, params string[] arguments)
    {
        var (code, output, error) = Run("", arguments);

        Assert.Equal((64, ""), (code, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Contains("--help'", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shadow", "--help")]
    [InlineData("decidedAt", "shadow", "verdict", "--help")]
    [InlineData("--gate", "shadow", "verdict", "-h")]
    public void Run_Help_IsPrintedAsTheResult(string expected, params string[] arguments)
    {
        var (code, output, error) = Run("", arguments);

        Assert.Equal((0, ""), (code, error));
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Error) Run(string input, params string[] arguments)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(input));
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = Gserve.Run(arguments, new CommandStreams(stream, output, error));
        return (code, output.ToString(), error.ToString());
    }
}
