using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

public class DecisionLogTests
{
    private const string Settings = "S Deadline 8 1 1000 0 1 1 8 [] []\n";

    [Fact]
    public void Replay_AnotherDecision_ShowsInTheLog()
    {
        var log = Settings + "O 0 1 10\nA 0 0 0 100 9223372036854775807 0 1 0 0\nD 0\nR 0 0 1 1 11 Full 0\n";
        var again = new StringWriter { NewLine = "\n" };

        DecisionLog.Replay(new StringReader(log), again);

        Assert.Equal(log.Replace(" 11 ", " 10 ", StringComparison.Ordinal), again.ToString());
    }

    [Theory]
    [InlineData("D 0\n", "Line 1")]
    [InlineData(Settings + "Z 1\n", "Line 2")]
    [InlineData(Settings + "A 0 zero\n", "Line 2")]
    public void Replay_NotALog_NamesTheLine(string log, string expected)
    {
        var fault = Assert.Throws<FormatException>(() => DecisionLog.Replay(new StringReader(log), TextWriter.Null));

        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }
}
