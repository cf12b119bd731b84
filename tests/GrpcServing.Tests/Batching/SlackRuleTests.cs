using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

public class SlackRuleTests
{
    // l(b) = 10 + b.
    private static readonly long[] Costs = [0, 11, 12, 13, 14];
    private static readonly PrimaryState Resting = new() { HeadDeadline = long.MaxValue, UsualSlack = 100, Burstiness = 1, Costs = Costs };

    private readonly SlackRule _defers = new(new SlackSettings { Defers = true, Gamma = 0.8, MaxPrimaryDelay = 1000 });
    private readonly SlackRule _preempts = new(new SlackSettings { Gamma = 0.8 });

    [Theory]
    [InlineData(80, true)]
    [InlineData(81, false)]
    public void Allows_NobodyWaitsAndNobodyComes_UpToTheBudget(long ticks, bool allowed) =>
        Assert.Equal(allowed, _defers.Allows(View(Resting), ticks, single: false, now: 0));

    [Theory]
    // 2 wait: 12 ticks of work; budget 90 - 50 - 20.
    [InlineData(8, true)]
    [InlineData(9, false)]
    public void Allows_SomebodyWaits_LeavesTheReserveBeforeTheNearestDeadline(long ticks, bool allowed) =>
        Assert.Equal(allowed, _defers.Allows(View(Resting with { QueuedRows = 2, HeadDeadline = 90, WaitingSince = 50 }), ticks, single: false, now: 50));

    [Theory]
    // At 0.04 rows per tick 2 come in 50 ticks, and 2 sqrt(2) more by chance: 5 rows, a full batch and one more, 14 + 11 ticks.
    [InlineData(0.04, 1, 50, true)]
    [InlineData(0.04, 1, 56, false)]
    // Twice as bursty: 2 + 4 sqrt(2), 8 rows, 28 ticks.
    [InlineData(0.04, 4, 50, true)]
    [InlineData(0.04, 4, 53, false)]
    public void Allows_RequestsComeMeanwhile_LeavesRoomForTheirWorkToo(double rate, double burstiness, long ticks, bool allowed) =>
        Assert.Equal(allowed, _defers.Allows(View(Resting with { RowRate = rate, Burstiness = burstiness }), ticks, single: false, now: 0));

    [Fact]
    public void Allows_SeveralPrimaries_AsksEach()
    {
        var view = View(Resting, Resting with { QueuedRows = 1, HeadDeadline = 30 });

        Assert.False(_defers.Allows(view, 10, single: false, now: 0));
    }

    [Theory]
    [InlineData(0, 30, true)]
    [InlineData(0, 31, false)]
    [InlineData(10, 20, true)]
    [InlineData(10, 21, false)]
    public void Allows_WithABound_NobodyIsHeldUpForLonger(long waited, long ticks, bool allowed)
    {
        var rule = new SlackRule(new SlackSettings { Defers = true, Gamma = 0.9, MaxPrimaryDelay = 30 });
        var primary = Resting with { QueuedRows = waited > 0 ? 1 : 0, HeadDeadline = waited > 0 ? 100 : long.MaxValue, WaitingSince = 0 };

        Assert.Equal(allowed, rule.Allows(View(primary), ticks, single: false, now: waited));
    }

    [Fact]
    public void IsOpen_PrimaryPresent_OnlyWhereRunsDoNotMeet()
    {
        var running = View(Resting with { RunningBatches = 1 });
        var waiting = View(Resting with { QueuedRows = 1 });

        Assert.True(_preempts.IsOpen(View(Resting)));
        Assert.False(_preempts.IsOpen(running));
        Assert.False(_preempts.IsOpen(waiting));
        running.IsContended = false;
        Assert.True(_preempts.IsOpen(running));
        running.MayRun = false;
        Assert.False(_preempts.IsOpen(running));
    }

    [Fact]
    public void Allows_SingleThatMayOverrun_OnAnyRestingDevice()
    {
        var rule = new SlackRule(new SlackSettings { SinglesMayOverrun = true });

        Assert.True(rule.Allows(View(Resting), 1000, single: true, now: 0));
        Assert.False(rule.Allows(View(Resting), 1000, single: false, now: 0));
        Assert.False(_preempts.Allows(View(Resting), 1000, single: true, now: 0));
    }

    [Fact]
    public void Allows_NextPrimaryComesFirstAlmostSurely_IsNotWorthAStart()
    {
        var rule = new SlackRule(new SlackSettings { SinglesMayOverrun = true });
        var busy = View(Resting with { RequestRate = 0.1 });

        Assert.True(rule.Allows(busy, 29, single: true, now: 0));
        Assert.False(rule.Allows(busy, 31, single: true, now: 0));
    }

    [Fact]
    public void Worth_PrimariesComeOften_SmallerBatchesGetMoreDone()
    {
        var (quiet, busy) = (View(Resting), View(Resting with { RequestRate = 0.1 }));

        Assert.True(_preempts.Worth(quiet, 4, 14) > _preempts.Worth(quiet, 1, 11));
        Assert.True(_preempts.Worth(busy, 40, 50) < _preempts.Worth(busy, 4, 14));
        // The formula's limit for a rate of 0 is rows over ticks.
        Assert.Equal(4 / 14.0, _preempts.Worth(View(Resting with { RequestRate = 1e-7 }), 4, 14), 4);
    }

    [Fact]
    public void Allows_PrimaryWithoutDeadlinesOrCosts_DoesNotLimit() =>
        Assert.True(_defers.Allows(View(Resting with { UsualSlack = 0 }, Resting with { Costs = null }), 500, single: false, now: 0));

    private static SlackView View(params PrimaryState[] primaries)
    {
        var view = new SlackView();
        view.Primaries.AddRange(primaries);
        return view;
    }
}
