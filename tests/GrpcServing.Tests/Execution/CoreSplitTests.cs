using System.Globalization;
using GrpcServing.Execution;

namespace GrpcServing.Tests.Execution;

public class CoreSplitTests
{
    [Theory]
    [InlineData(1, "", 1, 1)]
    [InlineData(2, "2:1.9", 1, 2)]
    [InlineData(2, "2:1.75", 1, 2)]
    [InlineData(2, "2:1.7", 2, 1)]
    [InlineData(8, "2:1.95 4:3.7 8:5", 2, 4)]
    [InlineData(8, "2:1.5", 8, 1)]
    [InlineData(6, "2:2 3:2.9 6:5.8", 1, 6)]
    [InlineData(7, "7:3", 7, 1)]
    public void Choose_Gains_TakesAsManyThreadsAsPay(int cores, string gains, int instances, int threads)
    {
        var known = gains.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static pair => pair.Split(':'))
            .ToDictionary(static pair => int.Parse(pair[0], CultureInfo.InvariantCulture), static pair => double.Parse(pair[1], CultureInfo.InvariantCulture));
        var asked = new List<int>();

        var split = CoreSplit.Choose(cores, many =>
        {
            asked.Add(many);
            return known[many];
        });

        Assert.Equal(new CoreSplit(instances, threads), split);
        Assert.Equal(known.Keys, asked);
    }

    [Theory]
    [InlineData(2, 151, 256, 1.18)]
    [InlineData(4, 100, 380, 1.05)]
    [InlineData(2, 172, 362, 1)]
    [InlineData(2, 100, 110, 1.25)]
    [InlineData(2, 0, 110, 1)]
    [InlineData(2, 100, 0, 1)]
    public void Growth_OfTheBatchWithTheThreads_IsWhatARowCostsLess(int threads, long alone, long grown, double expected) =>
        Assert.Equal(expected, CoreSplit.Growth(threads, alone, grown), 2);
}
