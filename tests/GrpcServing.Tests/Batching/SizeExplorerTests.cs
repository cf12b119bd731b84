using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

public class SizeExplorerTests
{
    private readonly MeasuredLatencyTable _table = new(maxRows: 64);

    [Fact]
    public void Stretch_LargerSizeNeverRan_TriesItOnceInAWhile()
    {
        _table.Observe(0, 1, 1000);
        var explorer = new SizeExplorer(_table, maxRows: 64);

        int[] sizes = [.. Enumerable.Range(0, 96).Select(_ => explorer.Stretch(0, size: 1, most: 64))];

        Assert.Equal([2, 2, 2], sizes.Where(static size => size > 1));
    }

    [Fact]
    public void Stretch_NotSoManyWait_LeavesTheSize()
    {
        _table.Observe(0, 8, 1000);
        var explorer = new SizeExplorer(_table, maxRows: 64);

        Assert.All(Enumerable.Range(0, 200), _ => Assert.Equal(8, explorer.Stretch(0, size: 8, most: 11)));
    }

    [Fact]
    public void Stretch_EverySizeIsFresh_LeavesTheSize()
    {
        foreach (var size in BatchSizes.UpTo(64)) _table.Observe(0, size, 1000);
        var explorer = new SizeExplorer(_table, maxRows: 64);

        Assert.All(Enumerable.Range(0, 200), _ => Assert.Equal(8, explorer.Stretch(0, size: 8, most: 64)));
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

        for (var i = 0; i < 3000; i++)
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
