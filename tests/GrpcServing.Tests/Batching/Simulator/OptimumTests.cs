using CsCheck;
using GrpcServing.Simulator;

namespace GrpcServing.Tests.Batching.Simulator;

public class OptimumTests
{
    private static readonly Gen<(Profile, Arrival[])> Instances =
        from times in Gen.Int[1, 12].Array[1, 4]
        from gaps in Gen.Int[0, 8].Array[1, 8]
        from slacks in Gen.Int[1, 25].Array[8]
        select (Create(times), Create(gaps, slacks));

    [Fact]
    public void Solve_SmallTraces_EqualsTryingEverySchedule() => Instances.Sample(
        static instance => Optimum.Solve(instance.Item1, instance.Item2) == TryAll(instance.Item1, instance.Item2),
        iter: 2000,
        threads: 1);

    [Theory]
    [InlineData(2, 5, 6, 7, "trace.csv:3")]
    [InlineData(1, 9, 6, 7, "trace.csv:3")]
    public void Check_OutsideItsClass_NamesTheLine(int secondRows, long first, long second, long third, string expected)
    {
        Arrival[] trace = [new(0, first, 1), new(1, second, secondRows), new(2, third, 1)];

        var fault = Assert.Throws<InputException>(() => Optimum.Check(trace, "trace.csv"));

        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    private static Profile Create(int[] times) => new([.. times.Order().Select(static (ticks, index) => (index + 1, ticks * 1e-9))]);

    private static Arrival[] Create(int[] gaps, int[] slacks)
    {
        var trace = new Arrival[gaps.Length];
        var (at, deadline) = (0L, 0L);
        for (var i = 0; i < gaps.Length; i++)
        {
            at += gaps[i];
            deadline = Math.Max(deadline, at + slacks[i]);
            trace[i] = new Arrival(at, deadline, 1);
        }
        return trace;
    }

    /// <summary>Every sequence of batches, each any subset of what is left and started at any instant: the ends of sensible ones are tried by recursion over subsets.</summary>
    private static int TryAll(Profile profile, Arrival[] trace)
    {
        var best = 0;
        Try(free: 0, left: (1 << trace.Length) - 1, served: 0);
        return best;

        void Try(long free, int left, int served)
        {
            best = Math.Max(best, served);
            for (var batch = left; batch > 0; batch = (batch - 1) & left)
            {
                var rows = int.PopCount(batch);
                if (rows > profile.MaxRows) continue;
                var (start, deadline) = (free, long.MaxValue);
                for (var i = 0; i < trace.Length; i++)
                {
                    if ((batch & (1 << i)) == 0) continue;
                    start = Math.Max(start, trace[i].At);
                    deadline = Math.Min(deadline, trace[i].Deadline);
                }
                var end = start + profile.Ticks(rows);
                if (end <= deadline) Try(end, left & ~batch, served + rows);
            }
        }
    }
}
