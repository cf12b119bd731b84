using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

public class StratifiedReservoirTests
{
    [Fact]
    public void TryKeep_MoreThanItHolds_KeepsAUniformSample()
    {
        const int Items = 100, Capacity = 20, Trials = 4000;
        var times = new int[Items + 1];
        for (var seed = 0; seed < Trials; seed++)
            foreach (var id in Keep(new StratifiedReservoir(Capacity, seed), Enumerable.Range(1, Items).Select(static id => ("", (long)id)))) times[id]++;

        // Each is kept with probability 1/5; five standard deviations of a binomial count of 4000 trials are 126.
        Assert.All(times.Skip(1), static count => Assert.InRange(count, 800 - 127, 800 + 127));
    }

    [Fact]
    public void TryKeep_LateSmallSlice_HoldsAllItsItemsAndTheOthersGiveWay()
    {
        var items = Enumerable.Range(1, 500).Select(static id => ("large", (long)id)).Concat(Enumerable.Range(501, 8).Select(static id => ("small", (long)id)));

        var kept = Keep(new StratifiedReservoir(20, seed: 1), items);

        Assert.Equal(20, kept.Count);
        Assert.Equal(8, kept.Count(static id => id > 500));
    }

    [Fact]
    public void TryKeep_LateLargeSlice_TakesItsPartUniformly()
    {
        const int Trials = 2000;
        var times = new int[201];
        for (var seed = 0; seed < Trials; seed++)
        {
            var items = Enumerable.Range(1, 100).Select(static id => ("first", (long)id)).Concat(Enumerable.Range(101, 100).Select(static id => ("second", (long)id)));
            foreach (var id in Keep(new StratifiedReservoir(20, seed), items)) times[id]++;
        }

        // Ten of each hundred: probability 1/10, five standard deviations of 2000 trials are 67.
        Assert.All(times.Skip(1), static count => Assert.InRange(count, 200 - 68, 200 + 68));
    }

    [Fact]
    public void TryKeep_NoRoom_KeepsNothing() => Assert.Empty(Keep(new StratifiedReservoir(0, seed: 1), [("", 1), ("a", 2)]));

    private static HashSet<long> Keep(StratifiedReservoir reservoir, IEnumerable<(string Slice, long Id)> items)
    {
        var kept = new HashSet<long>();
        foreach (var (slice, id) in items)
        {
            if (!reservoir.TryKeep(slice, id, out var replaced)) continue;
            Assert.True(kept.Add(id));
            if (replaced != 0) Assert.True(kept.Remove(replaced));
        }
        return kept;
    }
}
