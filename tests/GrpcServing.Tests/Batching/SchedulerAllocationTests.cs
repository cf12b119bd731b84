using GrpcServing.Batching;
using GrpcServing.Models;

namespace GrpcServing.Tests.Batching;

/// <summary>Steady state costs no managed memory: arrivals, decisions, refusals, cancellations and measurements alike.</summary>
[Collection(RunsAlone.Name)]
public class SchedulerAllocationTests
{
    [Theory]
    [InlineData(BatchPolicyKind.Deadline, 1)]
    [InlineData(BatchPolicyKind.Deadline, 3)]
    [InlineData(BatchPolicyKind.Greedy, 1)]
    [InlineData(BatchPolicyKind.Delay, 3)]
    public void ArriveDecideFinished_InSteadyState_AllocateNothing(BatchPolicyKind policy, int levels)
    {
        var table = new MeasuredLatencyTable(8);
        for (var bucket = 0; bucket < 3; bucket++)
            for (var rows = 1; rows <= 8; rows++) table.Observe(bucket, rows, 5000 + 1000 * rows);
        var settings = new SchedulerSettings { MaxBatchRows = 8, TicksPerSecond = 1_000_000, Levels = levels, MaxQueueDelayTicks = 500 };
        var scheduler = Schedulers.Create(new BatchingConfiguration { Policy = policy }, settings, table);
        var entries = new TestEntry[64];
        for (var i = 0; i < entries.Length; i++) entries[i] = new TestEntry();
        var batch = new Batch();
        var (now, next, started) = (0L, 0, 0);
        // Long enough that every queue, spare ones included, has been as long as it gets.
        Serve(20_000);

        // A queue that is longer than ever before grows once more: steady is the first stretch in which none does.
        var allocated = long.MaxValue;
        for (var stretch = 0; stretch < 5 && allocated != 0; stretch++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Serve(2000);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
        Assert.True(started > 15_000);

        void Serve(int rounds)
        {
            for (var round = 0; round < rounds; round++)
            {
                for (var i = 0; i < 8; i++)
                {
                    var entry = entries[next++ % entries.Length];
                    if (entry.IsQueued) scheduler.Cancel(entry, now);
                    entry.ArrivedAt = now;
                    entry.Deadline = now + 20_000 + next % 7 * 5000;
                    entry.Level = next % levels;
                    entry.BucketId = next % 5 == 0 ? 1 + round % 2 : 0;
                    scheduler.Arrive(entry, now);
                    now += 900;
                }
                scheduler.Refused.Clear();
                batch.Clear();
                if (!scheduler.Decide(now, batch).Run) continue;
                started++;
                scheduler.Refused.Clear();
                var startedAt = now;
                now += 5000 + 1000 * batch.PaddedRows + round % 50;
                scheduler.Finished(batch, succeeded: true, startedAt, now);
            }
        }
    }
}
