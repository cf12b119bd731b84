using System.Globalization;
using GrpcServing.Execution;

namespace GrpcServing.Tests.Execution;

public class CoreSplitTests
{
    [Theory]
    [InlineData(1, "", 1, 1)]
    [InlineData(2, "2:1.9", 1, 2)]
    [InlineData(2, "2:1.6", 2, 1)]
    [InlineData(8, "2:1.95 4:3.6 8:5", 2, 4)]
    [InlineData(8, "2:1.5", 8, 1)]
    [InlineData(6, "2:2 3:2.9 6:5.8", 1, 6)]
    [InlineData(7, "7:3", 7, 1)]
    public void Choose_Speedups_TakesAsManyThreadsAsPay(int cores, string speedups, int instances, int threads)
    {
        var known = speedups.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static pair => pair.Split(':'))
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
}
