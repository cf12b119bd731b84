using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>Triton's dynamic batcher as arithmetic: microseconds, largest batch 8 unless said otherwise.</summary>
public class DelaySchedulerTests
{
    private static SchedulerSettings Settings(long delay = 100, int maxRows = 8) => new()
    {
        MaxBatchRows = maxRows,
        TicksPerSecond = 1_000_000,
        MaxQueueDelayTicks = delay,
        Levels = 3,
    };

    private static LaneDriver Lane(SchedulerSettings settings) => new(new DelayScheduler(settings, new FixedTable(settings.MaxBatchRows, static _ => 50)));

    [Fact]
    public void Decide_NoPreferredSize_WaitsForTheOldestUpToTheDelay()
    {
        var lane = Lane(Settings());
        lane.Arrive(1000, "a");
        lane.Arrive(1040, "b");

        Assert.Equal("", lane.Decide(1040));
        Assert.Equal(1100, lane.WakeAt);
        Assert.Equal("", lane.Decide(1099));
        Assert.Equal("a b", lane.Decide(1100));
        Assert.Equal(BatchCloseReason.Delay, lane.Last!.CloseReason);
    }

    [Fact]
    public void Decide_DelayZero_StartsAtOnceWithAllThatWaits()
    {
        var lane = Lane(Settings(delay: 0));
        lane.Arrive(0, "a");
        lane.Arrive(0, "b");

        Assert.Equal("a b", lane.Decide(0));
    }

    [Fact]
    public void Decide_PreferredSizeReached_TakesTheLargestThatIsThere()
    {
        var lane = Lane(Settings() with { PreferredBatchSizes = [2, 4] });
        lane.Arrive(0, "a");
        Assert.Equal("", lane.Decide(0));
        lane.Arrive(10, "b");
        lane.Arrive(10, "c");

        Assert.Equal("a b", lane.Decide(10));
        Assert.Equal(BatchCloseReason.PreferredSize, lane.Last!.CloseReason);
        lane.Finish(60);
        Assert.Equal("", lane.Decide(60));
        Assert.Equal(110, lane.WakeAt);
    }

    [Fact]
    public void Decide_DelayExceeded_TakesAllRatherThanThePreferredSize()
    {
        var lane = Lane(Settings() with { PreferredBatchSizes = [2, 8] });
        lane.Arrive(0, "a");
        lane.Arrive(0, "b");
        lane.Arrive(0, "c");

        Assert.Equal("a b c", lane.Decide(100));
    }

    [Fact]
    public void Decide_NextDoesNotFit_StartsWithoutIt()
    {
        var lane = Lane(Settings());
        lane.Arrive(0, "a", rows: 5);
        lane.Arrive(0, "b", rows: 4);
        lane.Arrive(0, "c", rows: 1);

        Assert.Equal("a", lane.Decide(0));
        Assert.Equal(BatchCloseReason.Full, lane.Last!.CloseReason);
    }

    [Fact]
    public void Decide_OtherShapeAtTheHead_DoesNotHoldTheRestUp()
    {
        var lane = Lane(Settings() with { PreferredBatchSizes = [2] });
        lane.Arrive(0, "a", bucket: 7);
        lane.Arrive(1, "b", bucket: 3);
        lane.Arrive(2, "c", bucket: 3);

        Assert.Equal("b c", lane.Decide(2));
        lane.Finish(52);
        Assert.Equal("", lane.Decide(52));
        Assert.Equal(100, lane.WakeAt);
    }

    [Fact]
    public void Decide_Levels_FirstLevelFirstThenInOrderOfArrival()
    {
        var lane = Lane(Settings(delay: 0, maxRows: 3));
        lane.Arrive(0, "late", level: 2);
        lane.Arrive(1, "x", level: 1);
        lane.Arrive(2, "y", level: 0);
        lane.Arrive(3, "z", level: 1);

        Assert.Equal("y x z", lane.Decide(3));
        lane.Finish(50);
        Assert.Equal("late", lane.Decide(50));
    }

    [Fact]
    public void QueueTimeout_Reject_RefusesWhenItPassesEvenWhileTheExecutorIsBusy()
    {
        var lane = Lane(Settings(delay: 0));
        lane.Arrive(0, "running");
        lane.Decide(0);
        lane.Arrive(5, "waiting", expiry: 30);

        Assert.Equal("", lane.Decide(5));
        Assert.Equal(30, lane.WakeAt);
        Assert.Equal("", lane.Decide(30));
        Assert.Equal("waiting:QueueTimeout", lane.TakeRefused());
    }

    [Fact]
    public void QueueTimeout_Delay_GoesBehindItsLevelButBeforeLaterLevels()
    {
        var lane = Lane(Settings(delay: 0, maxRows: 1));
        lane.Arrive(0, "running");
        lane.Decide(0);
        lane.Arrive(1, "timed out", expiry: 10, delayOnExpiry: true);
        lane.Arrive(2, "in time");
        lane.Arrive(3, "low", level: 1);
        lane.Decide(20);
        lane.Finish(50);

        Assert.Equal("in time", lane.Decide(50));
        lane.Finish(100);
        Assert.Equal("timed out", lane.Decide(100));
        lane.Finish(150);
        Assert.Equal("low", lane.Decide(150));
        Assert.Equal("", lane.TakeRefused());
    }

    [Fact]
    public void Arrive_LevelFull_IsRefusedAndOtherLevelsAreNot()
    {
        var lane = Lane(Settings() with { MaxQueueSizes = [2, 0, 0] });
        lane.Arrive(0, "a", rows: 4);
        lane.Arrive(0, "b");
        lane.Arrive(0, "c");
        lane.Arrive(0, "d", level: 1);

        Assert.Equal("c:QueueFull", lane.TakeRefused());
    }

    [Fact]
    public void Decide_OwnDeadlinePassed_IsRefusedNotRun()
    {
        var lane = Lane(Settings());
        lane.Arrive(0, "gone", deadline: 60);
        lane.Arrive(0, "stays");

        Assert.Equal("", lane.Decide(0));
        Assert.Equal(60, lane.WakeAt);
        Assert.Equal("stays", lane.Decide(100));
        Assert.Equal("gone:DeadlineExpired", lane.TakeRefused());
    }

    [Fact]
    public void Drain_Waiting_NothingWaitsForCompanyAnyMore()
    {
        var scheduler = new DelayScheduler(Settings(), new FixedTable(8, static _ => 50));
        var lane = new LaneDriver(scheduler);
        lane.Arrive(0, "a");
        Assert.Equal("", lane.Decide(0));

        scheduler.Drain();

        Assert.Equal("a", lane.Decide(1));
        Assert.Equal(BatchCloseReason.Draining, lane.Last!.CloseReason);
    }
}
