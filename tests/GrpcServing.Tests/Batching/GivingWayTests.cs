using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>l(b) = 10 + b, up to 8 rows, at load 1. The answers show each entry's rows, in brackets where it gives way.</summary>
public class GivingWayTests
{
    private static string Find(long[] due, int[] rows, long[]? freeAt = null, double load = 1, Func<int, long>? ticks = null)
    {
        freeAt ??= [0];
        var costs = new BatchCosts(new FixedTable(8, ticks ?? (static count => 10 + count)), 8);
        costs.Load(0);
        var workload = new WorkloadCost(freeAt.Length);
        var capacity = costs.BestRows / (double)costs.Ticks[costs.BestRows];
        workload.Fit(load * capacity * freeAt.Length, meanRows: 1, slack: 1000, dispersion: 1, costs);
        var gives = new bool[due.Length];
        return new GivingWay(costs, workload, freeAt.Length, 8).Find(new PendingEntries(due, rows), due.Length, now: 0, freeAt, gives)
            ? string.Join(' ', rows.Select((count, i) => gives[i] ? $"({count})" : $"{count}"))
            : "";
    }

    [Fact]
    public void Find_AllFitOneBatch_NobodyGives() => Assert.Equal("", Find([18, 19, 20], [4, 2, 2]));

    [Fact]
    public void Find_NotAllFit_LargestGives() => Assert.Equal("1 (6) 1 1", Find([15, 17, 18, 19], [1, 6, 1, 1]));

    [Fact]
    public void Find_SeveralOfTheLargest_NearestDeadlineGives() => Assert.Equal("(4) 4 1", Find([17, 18, 19], [4, 4, 1]));

    [Fact]
    public void Find_LastToComeIsTheLargest_Gives() => Assert.Equal("2 2 (6)", Find([18, 19, 20], [2, 2, 6]));

    [Fact]
    public void Find_CannotMakeItAnyMore_CostsNobodyElse() => Assert.Equal("1 (6) (2)", Find([11, 15, 15], [1, 6, 2]));

    [Fact]
    public void Find_EqualDeadlineBehindTheLargest_IsNotServedBeforeIt() => Assert.Equal("6 (2) (1)", Find([17, 17, 17], [6, 2, 1]));

    [Fact]
    public void Find_NoDeadline_DoesNotGive() => Assert.Equal("7 (2)", Find([long.MaxValue, 15], [7, 2]));

    [Fact]
    public void Find_TimeToSpare_NobodyGives() => Assert.Equal("", Find([15, 17, 18, 19], [1, 6, 1, 1], load: 0.8));

    [Fact]
    public void Find_Overload_ThoseToComeWantTheTimeToo()
    {
        Assert.Equal("", Find([18, 19, 21], [4, 4, 1]));
        Assert.Equal("(4) 4 1", Find([18, 19, 21], [4, 4, 1], load: 2));
    }

    [Fact]
    public void Find_SecondExecutorIsFree_NobodyGives()
    {
        Assert.Equal("(8) 8", Find([18, 19], [8, 8], freeAt: [0, 9]));
        Assert.Equal("", Find([18, 19], [8, 8], freeAt: [0, 0]));
    }

    [Fact]
    public void Find_NothingWouldBeLeft_NobodyGives() => Assert.Equal("", Find([40], [4], load: 2, ticks: static rows => 10 * rows));
}
