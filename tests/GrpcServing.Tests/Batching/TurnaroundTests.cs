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
    public void Decide_ARunKeepsTheProcessorFromThem_RunInBatchesOfEightAllTheSame()
    {
        // On one core nobody is seen to come at once, unless the executor stays idle for once.
        var rows = ClosedLoop(static rows => (2 * Millisecond) + (rows * Millisecond), turnaround: 200 * Microsecond, keptFor: 2900 * Microsecond);

        Assert.All(rows[^20..], static size => Assert.Equal(8, size));
    }

    [Fact]
    public void Decide_ARunKeepsThemButTheyAreInAHurry_ItIsNotTried()
    {
        var rows = ClosedLoop(static rows => (2 * Millisecond) + (rows * Millisecond), turnaround: 200 * Microsecond, keptFor: 2900 * Microsecond, deadline: 20 * Millisecond);

        Assert.All(rows[1..], static size => Assert.InRange(size, 1, 7));
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
    public void Decide_ArrivalsHaveNothingToDoWithAnswers_HardlyEverWaits()
    {
        var scheduler = Scheduler(static rows => (2 * Millisecond) + (rows * Millisecond));
        var batch = new Batch();
        var random = new Random(1);
        var (now, freeAt, arrivesAt) = (0L, 0L, 0L);
        var (isRunning, wakeAt, idle) = (false, long.MaxValue, 0L);

        for (var i = 0; i < 40_000; i++)
        {
            var before = now;
            now = Math.Min(isRunning ? freeAt : wakeAt, arrivesAt);
            if (!isRunning && scheduler.QueuedEntries > 0) idle += now - before;
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
            wakeAt = long.MaxValue;
            if (isRunning || scheduler.QueuedEntries == 0) continue;
            var decision = scheduler.Decide(now, batch);
            if (decision.Run) (isRunning, freeAt) = (true, now + Duration(batch.Rows));
            else wakeAt = decision.WakeAt;
        }
        Assert.InRange(idle / (double)now, 0, 0.0005);

        static long Duration(int rows) => (2 * Millisecond) + (rows * Millisecond);
    }

    /// <summary>Eight callers, each of whom sends again a while after its answer.</summary>
    /// <param name="keptFor">From the start of a run: nobody gets through.</param>
    /// <returns>Rows of each batch.</returns>
    private static List<int> ClosedLoop(Func<int, long> duration, long turnaround, long keptFor = 0, long deadline = 1000 * Millisecond)
    {
        var scheduler = Scheduler(duration);
        var batch = new Batch();
        var sizes = new List<int>();
        var arrivals = new PriorityQueue<int, long>(Enumerable.Range(0, 8).Select(static caller => (caller, caller * 10 * Microsecond)));
        var (now, freeAt, wakeAt, keptUntil) = (0L, long.MaxValue, long.MaxValue, 0L);

        while (sizes.Count < 200)
        {
            var next = Math.Min(freeAt, wakeAt);
            now = arrivals.TryPeek(out _, out var arrival) ? Math.Min(next, Math.Max(arrival, keptUntil)) : next;
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
                scheduler.Arrive(new Entry { ArrivedAt = now, Deadline = now + deadline }, now);
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
            keptUntil = now + keptFor;
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
