using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>l(b) = 5.204 + 1.082 b ms, close to what it can serve, 100 ms to the deadline. Microseconds.</summary>
public class LookaheadTests
{
    /// <summary>Units of work that half a percent of three single rows buys.</summary>
    private const long Share = 11_786;

    [Fact]
    public void Choose_FirstDecisions_EachKeepsToItsShare()
    {
        var costs = new BatchCosts(new FixedTable(64, static rows => 5204 + 1082 * rows), 64);
        costs.Load(0);
        var workload = new WorkloadCost(1);
        var history = new ArrivalHistory(seed: 1);
        var continuation = new Continuation(costs, workload, 1, 64);
        var lookahead = new Lookahead(history, costs, workload, continuation, ticksPerSecond: 1_000_000);
        var now = 0L;
        for (var i = 0; i < ArrivalHistory.Length; i++, now += 1200)
            history.Add(new TestEntry { Deadline = now + 100_000 }, now);
        // Compares the base rules, which is rare.
        Choose(waiting: 1);

        var works = Enumerable.Range(1, 10).Select(tens => Choose(10 * tens)).ToArray();

        Assert.All(works, static work => Assert.InRange(work, 0, Share * 3 / 2));
        Assert.InRange(works.Max(), Share / 2, long.MaxValue);

        long Choose(int waiting)
        {
            continuation.Begin(now, executor: 0);
            for (var i = 0; i < waiting; i++) continuation.Add(now + 20_000 + 700 * i, rows: 1);
            continuation.Work = 0;
            lookahead.Choose(now, bucketId: 0, mayWait: false, out _);
            return continuation.Work;
        }
    }
}
