using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

public class SizeExplorerTests
{
    private readonly MeasuredLatencyTable _table = new(maxRows: 64);
    private readonly SizeExplorer _explorer;

    public SizeExplorerTests() => _explorer = new SizeExplorer(_table, maxRows: 64);

    [Fact]
    public void Stretch_LargerSizeNeverRan_TakesAFifthOfTheTime()
    {
        _table.Observe(0, 1, 1000);

        Assert.Equal(1, _explorer.Stretch(0, size: 1, most: 64, now: 20 * 2000 - 1));
        for (var run = 0; run < 4; run++) Assert.Equal(2, _explorer.Stretch(0, size: 1, most: 64, now: 20 * 2000 + run));
        Assert.Equal(1, _explorer.Stretch(0, size: 1, most: 64, now: 20 * 2000 + 4));
    }

    [Fact]
    public void Stretch_LargerSizeRanLongAgo_TakesA250thOfTheTime()
    {
        foreach (var size in BatchSizes.UpTo(64)) _table.Observe(0, size, 1000);
        for (var i = 0; i < 600; i++) _table.Observe(0, 8, 1000);

        Assert.Equal(8, _explorer.Stretch(0, size: 8, most: 64, now: 1000 * 1000 - 1));
        Assert.Equal(12, _explorer.Stretch(0, size: 8, most: 64, now: 1000 * 1000));
    }

    [Fact]
    public void Stretch_FewerWaitThanBefore_ExploresNoFurther()
    {
        _table.Observe(0, 1, 1000);

        Assert.Equal(2, _explorer.Stretch(0, size: 1, most: 2, now: 20 * 2000));
        Assert.Equal(1, _explorer.Stretch(0, size: 1, most: 1, now: 20 * 2000));
        Assert.Equal(1, _explorer.Stretch(0, size: 1, most: 2, now: 20 * 2000));
    }

    [Fact]
    public void Scheduler_FirstRunOfALargeSizeIsCold_FindsOutThatItPays()
    {
        const long Millisecond = 1_000_000;
        // Half as long for each row as in batches of 32, but not in the first run after smaller ones.
        foreach (var size in BatchSizes.UpTo(64)) _table.Observe(0, size, size <= 32 ? Millisecond : 10 * Millisecond);
        var scheduler = new DeadlineScheduler(new SchedulerSettings { MaxBatchRows = 64, TicksPerSecond = 1000 * Millisecond, MayWait = false }, _table);
        var batch = new Batch();
        var (now, rows, inARow) = (0L, 0, 0);

        for (var i = 0; i < 100_000 && inARow < 100; i++)
        {
            while (scheduler.QueuedEntries < 64) scheduler.Arrive(new Entry { ArrivedAt = now, Deadline = long.MaxValue }, now);
            Assert.True(scheduler.Decide(now, batch).Run);
            var isCold = batch.Rows > rows;
            rows = batch.Rows;
            inARow = rows == 64 ? inARow + 1 : 0;
            scheduler.Finished(batch, succeeded: true, now, now += isCold ? 3 * Millisecond : Millisecond);
            batch.Clear();
        }

        Assert.Equal(100, inARow);
    }

    [Fact]
    public void Stretch_NotSoManyWait_LeavesTheSize()
    {
        _table.Observe(0, 8, 1000);

        Assert.Equal(8, _explorer.Stretch(0, size: 8, most: 11, now: long.MaxValue / 2));
    }

    [Fact]
    public void Stretch_EverySizeIsFresh_LeavesTheSize()
    {
        foreach (var size in BatchSizes.UpTo(64)) _table.Observe(0, size, 1000);

        Assert.Equal(8, _explorer.Stretch(0, size: 8, most: 64, now: long.MaxValue / 2));
    }

    [Fact]
    public void Scheduler_LargeBatchesWereMeasuredOnABusyMachine_FindsOutThatTheyPay()
    {
        const long Millisecond = 1_000_000;
        // The truth is 1 ms whatever the size; at load the larger sizes looked ten times as slow for each row.
        foreach (var size in BatchSizes.UpTo(64)) _table.Observe(0, size, size == 1 ? Millisecond : 10 * Millisecond * size);
        var scheduler = new DeadlineScheduler(new SchedulerSettings { MaxBatchRows = 64, TicksPerSecond = 1000 * Millisecond, MayWait = false }, _table);
        var batch = new Batch();
        var (now, rows) = (0L, 0);

        for (var i = 0; i < 400_000 && rows < 64; i++)
        {
            while (scheduler.QueuedEntries < 64) scheduler.Arrive(new Entry { ArrivedAt = now, Deadline = long.MaxValue }, now);
            Assert.True(scheduler.Decide(now, batch).Run);
            rows = batch.Rows;
            scheduler.Finished(batch, succeeded: true, now, now += Millisecond);
            batch.Clear();
        }

        Assert.Equal(64, rows);
    }

    private sealed class Entry : QueueEntry;
}
