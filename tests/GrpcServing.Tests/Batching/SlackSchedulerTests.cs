using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

public class SlackSchedulerTests
{
    private static readonly long[] Costs = [0, 11, 12, 13, 14, 15, 16, 17, 18];

    private readonly SlackScheduler _scheduler;
    private readonly LaneDriver _lane;

    public SlackSchedulerTests()
    {
        _scheduler = new SlackScheduler(
            new SchedulerSettings { MaxBatchRows = 8, TicksPerSecond = 1000 },
            new FixedTable(8, static rows => 10 + rows),
            new SlackRule(new SlackSettings { Gamma = 0.8 }));
        _scheduler.View.LookAgainAt = 77;
        _lane = new LaneDriver(_scheduler);
    }

    [Fact]
    public void Decide_DeviceRests_RunsAllThatFitOldestFirst()
    {
        _lane.Arrive(2, "b");
        _lane.Arrive(3, "c", rows: 7);
        _lane.Arrive(4, "d");

        Assert.Equal("b c", _lane.Decide(5));
    }

    [Fact]
    public void Decide_PrimaryPresent_LooksAgainLater()
    {
        Show(new PrimaryState { RunningBatches = 1 });
        _lane.Arrive(1, "a");

        Assert.Equal("", _lane.Decide(1));
        Assert.Equal(77, _lane.WakeAt);
    }

    [Fact]
    public void Decide_LittleSlack_RunsASmallerBatch()
    {
        // Four fifths of 18 are 14.4; four rows take 14.
        Show(new PrimaryState { UsualSlack = 18, HeadDeadline = long.MaxValue, Burstiness = 1, Costs = Costs });
        for (var i = 0; i < 8; i++) _lane.Arrive(i, $"{i}");

        Assert.Equal("0 1 2 3", _lane.Decide(8));
    }

    [Fact]
    public void Decide_OldestNeedsMoreThanTheSlack_AnotherShapeGoesFirst()
    {
        Show(new PrimaryState { UsualSlack = 18, HeadDeadline = long.MaxValue, Burstiness = 1, Costs = Costs });
        _lane.Arrive(1, "large", rows: 8);
        _lane.Arrive(2, "small", bucket: 1);

        Assert.Equal("small", _lane.Decide(3));
    }

    [Fact]
    public void Decide_SlackForAPoorBatchOnly_LetsThePrimaryGoFirst()
    {
        var scheduler = new SlackScheduler(
            new SchedulerSettings { MaxBatchRows = 8, TicksPerSecond = 1000 },
            new FixedTable(8, static rows => 10 + rows),
            new SlackRule(new SlackSettings { Defers = true, Gamma = 0.8, MaxPrimaryDelay = 1000 }));
        var lane = new LaneDriver(scheduler);
        // One row waits, 11 ticks of work; until 32 less the reserve of 8 there is room for 2 rows of copies, at rest for 8.
        scheduler.View.Primaries.Add(new PrimaryState { QueuedRows = 1, HeadDeadline = 32, UsualSlack = 40, Burstiness = 1, Costs = Costs });
        for (var i = 0; i < 8; i++) lane.Arrive(0, $"{i}");
        Assert.Equal("", lane.Decide(0));

        scheduler.View.Primaries[0] = scheduler.View.Primaries[0] with { HeadDeadline = 36 };
        Assert.Equal("0 1 2 3 4 5 6", lane.Decide(0));
    }

    [Fact]
    public void Requeue_RunWasCutShort_GoesBackToItsPlace()
    {
        var first = _lane.Arrive(1, "a");
        _lane.Decide(1);
        _lane.Arrive(2, "b");
        Cut(3);
        _scheduler.Requeue(first, companyRows: 0, 3);

        Assert.Equal("a b", _lane.Decide(4));
        Assert.Equal(1, first.Preemptions);
    }

    [Fact]
    public void Requeue_TooOldByThen_IsRefused()
    {
        var entry = _lane.Arrive(1, "a", expiry: 5);
        _lane.Decide(1);
        Cut(5);
        _scheduler.Requeue(entry, companyRows: 0, 5);

        Assert.Equal("a:QueueTimeout", _lane.TakeRefused());
        Assert.Equal(0, _scheduler.QueuedEntries);
    }

    [Fact]
    public void Requeue_BatchFailed_HalvesGoApart()
    {
        var entries = Enumerable.Range(0, 4).Select(i => _lane.Arrive(i, $"{i}")).ToArray();
        Assert.Equal("0 1 2 3", _lane.Decide(4));
        Cut(5);
        foreach (var entry in entries) _scheduler.Requeue(entry, companyRows: 2, 5);
        _lane.Arrive(6, "4");

        Assert.Equal("0 1", _lane.Decide(6));
        _lane.Finish(7);
        Assert.Equal("2 3", _lane.Decide(7));
        _lane.Finish(8);
        Assert.Equal("4", _lane.Decide(8));
        Assert.Equal(0, entries[0].Preemptions);
    }

    [Fact]
    public void Arrive_StaysTooLong_IsRefused()
    {
        Show(new PrimaryState { QueuedRows = 1 });
        _lane.Arrive(1, "a", expiry: 10);
        _lane.Decide(1);
        _lane.Decide(10);

        Assert.Equal("a:QueueTimeout", _lane.TakeRefused());
    }

    [Fact]
    public void Drain_EverythingThatWaitsOrComes_IsRefused()
    {
        _lane.Arrive(1, "a");
        _lane.Arrive(1, "b", bucket: 3);
        _scheduler.Drain();
        _lane.Arrive(2, "c");

        Assert.Equal("a:VersionNotReady b:VersionNotReady c:VersionNotReady", _lane.TakeRefused());
    }

    private void Show(PrimaryState primary)
    {
        _scheduler.View.Primaries.Clear();
        _scheduler.View.Primaries.Add(primary);
    }

    private void Cut(long now) => _scheduler.Finished(_lane.Last!, succeeded: false, 0, now);
}
