using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>Ticks of a millisecond: a run may take 1000, and has 5000 to react.</summary>
public sealed class RunWatchTests
{
    private readonly BatchRun _run = new(0, new ScriptedExecutor());
    private readonly RunWatch _watch;
    private readonly List<string> _told = [];
    private RunProgress? _progress;

    public RunWatchTests()
    {
        _watch = new RunWatch([_run], new RunLimits(1000, 5000), _ => _progress, _ => _told.Add("overdue"), _ => _told.Add("lost"));
        _run.Renew(long.MaxValue);
        _watch.Started(_run, 0);
    }

    [Fact]
    public void Look_ProgressUnknown_TheClockCounts()
    {
        RunUntil(999);
        Assert.Empty(_told);

        RunUntil(1000);
        Assert.Equal(["overdue"], _told);
        Assert.Equal(RunStop.Overdue, _run.Stopped);

        RunUntil(6000);
        Assert.Equal(["overdue", "lost"], _told);
        Assert.True(_watch.IsLost(0));
    }

    [Fact]
    public void Look_Starved_IsLeftAloneHoweverLong()
    {
        _progress = new RunProgress(3, WantsProcessor: true);

        RunUntil(60_000);

        Assert.Empty(_told);
        Assert.Equal(RunStop.None, _run.Stopped);
    }

    [Fact]
    public void Look_StarvedWhileItIsToMakeWay_IsNotLost()
    {
        _run.Stop(RunStop.Preempted);
        _progress = new RunProgress(3, WantsProcessor: true);

        RunUntil(60_000);

        Assert.Equal(0, _watch.Lost);
    }

    [Fact]
    public void Look_WaitsForSomethingElse_IsStoppedAndGivenUpByTheClock()
    {
        _progress = new RunProgress(3, WantsProcessor: false);

        RunUntil(1000);
        Assert.Equal(["overdue"], _told);

        RunUntil(6000);
        Assert.Equal(["overdue", "lost"], _told);
    }

    [Fact]
    public void Look_NeverEndsButRunsSeldom_IsStoppedOnceItHasHadItsTime()
    {
        // A tenth of a core.
        for (var now = 0L; now < 9_900; now += 10) LookAt(now, cpu: now / 10);
        Assert.Empty(_told);

        for (var now = 9_900L; now < 10_200; now += 10) LookAt(now, cpu: now / 10);
        Assert.Equal(["overdue"], _told);

        for (var now = 10_200L; now < 61_000; now += 10) LookAt(now, cpu: now / 10);
        Assert.Equal(["overdue", "lost"], _told);
    }

    [Fact]
    public void StopAll_Starved_IsGivenUpAfterTheGrace()
    {
        _progress = new RunProgress(3, WantsProcessor: true);
        RunUntil(500);
        _watch.StopAll(500);

        RunUntil(5500);

        Assert.Equal(1, _watch.Lost);
    }

    private void RunUntil(long end)
    {
        for (var now = 0L; now <= end; now = _watch.NextAt > now ? Math.Min(_watch.NextAt, end + 1) : now + 1) _watch.Look(now);
    }

    private void LookAt(long now, long cpu)
    {
        _progress = new RunProgress(cpu, WantsProcessor: true);
        _watch.Look(now);
    }
}
