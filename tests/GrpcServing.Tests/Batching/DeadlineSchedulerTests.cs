using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>Stories in milliseconds; l(b) = 10 + b unless said otherwise.</summary>
public class DeadlineSchedulerTests
{
    private static readonly SchedulerSettings Settings = new() { MaxBatchRows = 8, TicksPerSecond = 1000 };

    private static LaneDriver Lane(SchedulerSettings? settings = null, Func<int, long>? ticks = null)
    {
        settings ??= Settings;
        return new(new DeadlineScheduler(settings, new FixedTable(settings.MaxBatchRows, ticks ?? (static rows => 10 + rows))));
    }

    [Fact]
    public void Decide_FreeExecutor_NearestDeadlineFirst()
    {
        var lane = Lane();
        lane.Arrive(0, "later", deadline: 200);
        lane.Arrive(0, "sooner", deadline: 100);

        Assert.Equal("sooner later", lane.Decide(0));
        Assert.Equal(12, lane.Last!.PlannedTicks);
    }

    [Fact]
    public void Arrive_CannotBeDoneInTime_IsRefusedAtOnce()
    {
        var lane = Lane();
        lane.Arrive(0, "exactly", deadline: 11);
        lane.Arrive(0, "too late", deadline: 10);
        lane.Arrive(0, "past", deadline: 0);

        Assert.Equal("too late:DeadlineUnreachable past:DeadlineExpired", lane.TakeRefused());
    }

    [Fact]
    public void Arrive_ExecutorBusyTooLong_IsRefusedAtOnce()
    {
        var lane = Lane();
        lane.Arrive(0, "running", deadline: 100);
        lane.Decide(0);

        lane.Arrive(1, "in time", deadline: 22);
        lane.Arrive(1, "not", deadline: 21);

        Assert.Equal("not:DeadlineUnreachable", lane.TakeRefused());
    }

    [Fact]
    public void Decide_BatchLeavesNoTimeForOthers_TheyAreRefusedAtItsStart()
    {
        var lane = Lane(Settings with { MaxBatchRows = 1 });
        lane.Arrive(0, "a", deadline: 20);
        lane.Arrive(0, "b", deadline: 20);

        Assert.Equal("a", lane.Decide(0));
        Assert.Equal("b:DeadlineUnreachable", lane.TakeRefused());
    }

    [Fact]
    public void Decide_OneTightHead_GoesFirstAndTheRestFollow()
    {
        // All three together end at 13, after the head's 12; head alone, then two, loses nobody.
        var lane = Lane();
        lane.Arrive(0, "head", deadline: 11);
        lane.Arrive(0, "b", deadline: 40);
        lane.Arrive(0, "c", deadline: 40);

        Assert.Equal("head", lane.Decide(0));
        lane.Finish(11);
        Assert.Equal("b c", lane.Decide(11));
        Assert.Equal("", lane.TakeRefused());
    }

    [Fact]
    public void Decide_HeadWouldCostManyOthers_HeadIsLeftOut()
    {
        var lane = Lane();
        lane.Arrive(0, "head", deadline: 11);
        for (var i = 0; i < 6; i++) lane.Arrive(0, $"{i}", deadline: 17);

        Assert.Equal("0 1 2 3 4 5", lane.Decide(0));
        Assert.Equal("head:DeadlineUnreachable", lane.TakeRefused());
    }

    [Fact]
    public void Decide_BatchingDoesNotPay_RunsSingleRows()
    {
        var lane = Lane(ticks: static rows => 10 * rows);
        lane.Arrive(0, "a", deadline: 1000);
        lane.Arrive(0, "b", deadline: 1000);

        Assert.Equal("a", lane.Decide(0));
    }

    [Fact]
    public void Decide_CliffInTheProfile_StaysBelowIt()
    {
        var lane = Lane(ticks: static rows => rows <= 4 ? 10 : 100);
        for (var i = 0; i < 6; i++) lane.Arrive(0, $"{i}", deadline: 1000);

        Assert.Equal("0 1 2 3", lane.Decide(0));
    }

    [Fact]
    public void Decide_NothingKnownOfTheBucket_TakesAllThatFits()
    {
        var lane = Lane(ticks: static _ => 0);
        for (var i = 0; i < 9; i++) lane.Arrive(0, $"{i}", deadline: 5);

        Assert.Equal("0 1 2 3 4 5 6 7", lane.Decide(0));
        Assert.Equal(0, lane.Last!.PlannedTicks);
    }

    [Fact]
    public void Decide_NoDeadline_WaitsNoLongerThanOthersOfItsAge()
    {
        // Without a deadline it stands as if it had 1 s: behind 500 ms of its time, before 500 ms of a second later.
        var lane = Lane(Settings with { MaxBatchRows = 1 });
        lane.Arrive(0, "open");
        lane.Arrive(0, "early", deadline: 500);
        Assert.Equal("early", lane.Decide(0));
        lane.Arrive(5, "again", deadline: 505);
        lane.Finish(11);

        Assert.Equal("again", lane.Decide(11));
        lane.Arrive(600, "younger", deadline: 1100);
        lane.Finish(601);
        Assert.Equal("open", lane.Decide(601));
    }

    [Fact]
    public void Decide_LargeRequestAtTheHead_IsNotOvertakenForEver()
    {
        var lane = Lane();
        lane.Arrive(0, "a", deadline: 300, rows: 2);
        lane.Arrive(0, "large", deadline: 301, rows: 8);
        lane.Arrive(0, "b", deadline: 302);

        Assert.Equal("a b", lane.Decide(0));
        lane.Arrive(5, "c", deadline: 303);
        lane.Finish(13);
        Assert.Equal("large", lane.Decide(13));
    }

    [Fact]
    public void Decide_OtherBucketIsMoreUrgent_GoesFirst()
    {
        var lane = Lane();
        lane.Arrive(0, "a", deadline: 300, bucket: 1);
        lane.Arrive(0, "b", deadline: 30, bucket: 2);
        lane.Arrive(0, "c", deadline: 290, bucket: 1);

        Assert.Equal("b", lane.Decide(0));
        lane.Finish(11);
        Assert.Equal("c a", lane.Decide(11));
    }

    [Fact]
    public void Decide_Levels_FirstLeadsAndLaterFillTheRoom()
    {
        var lane = Lane(Settings with { Levels = 2 });
        lane.Arrive(0, "low", deadline: 50, level: 1);
        lane.Arrive(0, "high", deadline: 300, level: 0);

        Assert.Equal("high low", lane.Decide(0));
    }

    [Fact]
    public void Decide_FirstLevelAlwaysBusy_SecondStillGetsItsShare()
    {
        var lane = Lane(Settings with { Levels = 2, MaxBatchRows = 1 });
        lane.Arrive(0, "low", deadline: long.MaxValue, level: 1);
        var batches = 0;
        for (long now = 0; batches < 40; now += 11)
        {
            lane.Arrive(now, "high", deadline: now + 1000, level: 0);
            var started = lane.Decide(now);
            lane.Finish(now + 11);
            batches++;
            if (started == "low") break;
        }

        // A sixteenth of 16 batches pays for one.
        Assert.InRange(batches, 16, 18);
    }

    [Fact]
    public void Cancel_Waiting_FreesItsPlaceAndOnlyOnce()
    {
        var scheduler = new DeadlineScheduler(Settings, new FixedTable(8, static rows => 10 + rows));
        var lane = new LaneDriver(scheduler);
        var entry = lane.Arrive(0, "a", deadline: 100, rows: 3);
        lane.Arrive(0, "b", deadline: 100);

        Assert.True(scheduler.Cancel(entry, 1));
        Assert.False(scheduler.Cancel(entry, 1));
        Assert.Equal(1, scheduler.QueuedRows);
        Assert.Equal("b", lane.Decide(1));
        Assert.False(scheduler.Cancel(entry, 2));
    }

    [Fact]
    public void Decide_SeveralExecutors_EachIsUsedOnceUntilItEnds()
    {
        var lane = Lane(Settings with { Executors = 2, MaxBatchRows = 1 });
        for (var i = 0; i < 3; i++) lane.Arrive(0, $"{i}", deadline: 500);

        Assert.Equal("0", lane.Decide(0));
        Assert.Equal(0, lane.Last!.Executor);
        Assert.Equal("1", lane.Decide(0));
        Assert.Equal(1, lane.Last!.Executor);
        Assert.Equal("", lane.Decide(0));
        lane.Finish(11);
        Assert.Equal("2", lane.Decide(11));
        Assert.Equal(0, lane.Last!.Executor);
    }
}
