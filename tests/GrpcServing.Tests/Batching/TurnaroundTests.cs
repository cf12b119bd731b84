using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

public class TurnaroundTests
{
    private const long Microsecond = 1000;
    private const long Millisecond = 1000 * Microsecond;

    [Fact]
    public void Decide_EightCallersInALoop_RunInBatchesOfEight()
    {
        // ResNet-18 at 64x64: batches of four and four for ever, if nobody waits.
        var rows = ClosedLoop(static rows => (2 * Millisecond) + (rows * Millisecond), turnaround: 200 * Microsecond);

        Assert.All(rows[^20..], static size => Assert.Equal(8, size));
    }

    [Fact]
    public void Decide_BatchesDoNotPay_NobodyWaits()
    {
        var rows = ClosedLoop(static rows => rows * 3 * Millisecond, turnaround: 200 * Microsecond);

        Assert.All(rows[^20..], static size => Assert.Equal(1, size));
    }

    [Fact]
    public void Decide_CallersTakeTheirTime_NobodyWaits()
    {
        // As long as a batch: then waiting for them loses what it gains.
        var rows = ClosedLoop(static rows => (2 * Millisecond) + (rows * Millisecond), turnaround: 6 * Millisecond);

        Assert.All(rows[^20..], static size => Assert.InRange(size, 1, 7));
    }

    [Fact]
    public void Decide_ArrivalsHaveNothingToDoWithAnswers_NobodyWaits()
    {
        var scheduler = Scheduler(static rows => (2 * Millisecond) + (rows * Millisecond));
        var batch = new Batch();
        var random = new Random(1);
        var (now, freeAt, arrivesAt) = (0L, 0L, 0L);
        var isRunning = false;

        for (var i = 0; i < 4000; i++)
        {
            now = isRunning ? Math.Min(freeAt, arrivesAt) : arrivesAt;
            if (isRunning && now == freeAt)
            {
                isRunning = false;
                scheduler.Finished(batch, succeeded: true, now - Duration(batch.Rows), now);
                batch.Clear();
            }
            if (now == arrivesAt)
            {
                scheduler.Arrive(new Entry { ArrivedAt = now, Deadline = now + (1000 * Millisecond) }, now);
                arrivesAt += 1 + (long)(-Math.Log(1 - random.NextDouble()) * 2 * Millisecond);
            }
            if (isRunning || scheduler.QueuedEntries == 0) continue;
            Assert.True(scheduler.Decide(now, batch).Run, $"an executor is left idle after {i} events");
            (isRunning, freeAt) = (true, now + Duration(batch.Rows));
        }

        static long Duration(int rows) => (2 * Millisecond) + (rows * Millisecond);
    }

    /// <summary>Eight callers, each of whom sends again a while after its answer.</summary>
    /// <returns>Rows of each batch.</returns>
    private static List<int> ClosedLoop(Func<int, long> duration, long turnaround)
    {
        var scheduler = Scheduler(duration);
        var batch = new Batch();
        var sizes = new List<int>();
        var arrivals = new PriorityQueue<int, long>(Enumerable.Range(0, 8).Select(static caller => (caller, caller * 10 * Microsecond)));
        var (now, freeAt, wakeAt) = (0L, long.MaxValue, long.MaxValue);

        while (sizes.Count < 100)
        {
            var next = Math.Min(freeAt, wakeAt);
            now = arrivals.TryPeek(out _, out var arrival) ? Math.Min(next, arrival) : next;
            if (now == freeAt)
            {
                var answered = batch.Members.Count;
                scheduler.Finished(batch, succeeded: true, now - duration(batch.Rows), now);
                batch.Clear();
                freeAt = long.MaxValue;
                // One after the other, as a server answers.
                for (var i = 0; i < answered; i++) arrivals.Enqueue(i, now + turnaround + (i * 10 * Microsecond));
            }
            while (arrivals.TryPeek(out _, out arrival) && arrival <= now)
            {
                arrivals.Dequeue();
                scheduler.Arrive(new Entry { ArrivedAt = now, Deadline = now + (1000 * Millisecond) }, now);
            }
            wakeAt = long.MaxValue;
            if (freeAt != long.MaxValue) continue;
            var decision = scheduler.Decide(now, batch);
            if (!decision.Run)
            {
                wakeAt = decision.WakeAt;
                continue;
            }
            sizes.Add(batch.Rows);
            freeAt = now + duration(batch.Rows);
        }
        return sizes;
    }

    private static DeadlineScheduler Scheduler(Func<int, long> duration)
    {
        var table = new MeasuredLatencyTable(maxRows: 64);
        for (var rows = 1; rows <= 64; rows++) table.Observe(0, rows, duration(rows));
        return new DeadlineScheduler(new SchedulerSettings { MaxBatchRows = 64, TicksPerSecond = 1000 * Millisecond, MayWait = false }, table);
    }

    private sealed class Entry : QueueEntry;
}
