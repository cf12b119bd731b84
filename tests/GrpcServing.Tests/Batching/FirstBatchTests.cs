using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>What a lane does before it knows anything of the arrivals. Milliseconds.</summary>
public class FirstBatchTests
{
    private static LaneDriver Lane(Func<int, long> ticks, bool mayWait = true)
    {
        var settings = new SchedulerSettings { MaxBatchRows = 8, TicksPerSecond = 1000, MayWait = mayWait };
        return new(new DeadlineScheduler(settings, new FixedTable(8, ticks)));
    }

    [Fact]
    public void Decide_FlatProfile_WaitsForCompanyAsLongAsTheDeadlineAllows()
    {
        var lane = Lane(static rows => 40 + rows);
        lane.Arrive(0, "a", deadline: 100);
        Assert.Equal("", lane.Decide(0));
        lane.Arrive(30, "b", deadline: 130);

        Assert.Equal("", lane.Decide(56));
        Assert.Equal("a b", lane.Decide(57));
    }

    [Fact]
    public void Decide_FlatProfileButMayNotWait_StartsAtOnce()
    {
        var lane = Lane(static rows => 40 + rows, mayWait: false);
        lane.Arrive(0, "a", deadline: 100);

        Assert.Equal("a", lane.Decide(0));
    }

    [Fact]
    public void Decide_CompanyCostsTime_StartsAtOnce()
    {
        var lane = Lane(static rows => 10 + 2 * rows);
        lane.Arrive(0, "a", deadline: 100);

        Assert.Equal("a", lane.Decide(0));
    }
}
