using System.Globalization;
using GrpcServing.Simulator;

namespace GrpcServing.Tests.Batching.Simulator;

public class ComparisonTableTests
{
    [Theory]
    [InlineData(0.01234, "+0.0123")]
    [InlineData(-0.01234, "-0.0123")]
    [InlineData(0, "+0.0000")]
    [InlineData(0.00001, "+0.0000")]
    [InlineData(-0.00001, "+0.0000")]
    [InlineData(-0.00006, "-0.0001")]
    public void Difference_AnyValue_HasOneSign(double value, string text) => Assert.Equal(text, ComparisonTable.Difference(value));

    [Fact]
    public void Write_SeveralTraces_ShowsTheirMeanAndHowFarItMayStray()
    {
        var (both, first, second) = (OnTime(seed: 1, traces: 2), OnTime(seed: 1, traces: 1), OnTime(seed: 2, traces: 1));

        Assert.Equal(15, both.Length);
        Assert.All(both.Zip(first, second), static row => Assert.Equal((row.Second.Ours + row.Third.Ours) / 2, row.First.Ours, 1e-4 + 1e-9));
        Assert.All(both, static row => Assert.Matches(@"^[+-]0\.\d{4} ± 0\.\d{4}$", row.Ahead));
        Assert.All(first, static row => Assert.Matches(@"^[+-]0\.\d{4}$", row.Ahead));
    }

    private static (double Ours, string Ahead)[] OnTime(ulong seed, int traces)
    {
        var text = new StringWriter();
        new ComparisonTable(requests: 200, seed, traces, "Clockwork").Write(text, []);
        return
        [
            .. text.ToString().Split('\n').Select(static line => line.Split('|')).Where(static cells => cells.Length > 5 && cells[2].Trim() is ['0' or '1' or '2', '.', _])
                .Select(static cells => (double.Parse(cells[3], CultureInfo.InvariantCulture), cells[^2].Trim())),
        ];
    }
}
