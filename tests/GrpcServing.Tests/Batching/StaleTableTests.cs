using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

public class StaleTableTests
{
    private const long Second = 1_000_000_000;
    private readonly MeasuredLatencyTable _table = new(maxRows: 8);
    private readonly Scheduler _scheduler;
    private readonly Batch _batch = new();

    public StaleTableTests()
    {
        // A busy moment at load made one row look a hundred times as slow as it is.
        for (var i = 0; i < 32; i++) _table.Observe(0, 1, Second / 10);
        _scheduler = new DeadlineScheduler(new SchedulerSettings { MaxBatchRows = 8, TicksPerSecond = Second }, _table);
    }

    [Fact]
    public void Arrive_TableSaysNeverInTime_RefusesButRunsOneEverySecond()
    {
        Assert.True(Runs(at: 5 * Second));
        Assert.False(Runs(at: 5 * Second + 1));
        Assert.False(Runs(at: 6 * Second - 1));
        Assert.True(Runs(at: 6 * Second));
    }

    [Fact]
    public void Finished_ProbesAreFast_TheLaneServesAgain()
    {
        var now = 5 * Second;
        for (var i = 0; i < 40; i++, now += Second) Runs(now);

        Assert.True(Runs(now));
        Assert.True(Runs(now + Second / 50));
    }

    [Fact]
    public void Arrive_ProbesAreSlow_TheyTakeAHundredthOfTheIdleTime()
    {
        Assert.True(Runs(at: 5 * Second, took: Second / 10));
        Assert.False(Runs(at: 15 * Second - 1));
        Assert.True(Runs(at: 15 * Second));
    }

    [Fact]
    public void Arrive_ProbeWouldBeLong_WaitsForTenTimesAsMuchIdleTime()
    {
        for (var i = 0; i < 32; i++) _table.Observe(0, 8, 2 * Second);

        Assert.False(Runs(at: 20 * Second - 1, rows: 8));
        Assert.True(Runs(at: 20 * Second, rows: 8));
    }

    /// <summary>Sends a request with 20 ms to go; the model needs 1 ms.</summary>
    private bool Runs(long at, int rows = 1, long took = Second / 1000)
    {
        _scheduler.Arrive(new Entry { ArrivedAt = at, Deadline = at + Second / 50, Rows = rows }, at);
        _scheduler.Refused.Clear();
        if (!_scheduler.Decide(at, _batch).Run) return false;
        _scheduler.Finished(_batch, succeeded: true, at, at + took);
        _batch.Clear();
        return true;
    }

    private sealed class Entry : QueueEntry;
}
