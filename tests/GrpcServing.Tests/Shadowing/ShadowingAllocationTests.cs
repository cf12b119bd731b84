using GrpcServing.Models;
using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

/// <summary>The budget: 0 B per pair, compared and counted, once the sizes have been seen.</summary>
[Collection(RunsAlone.Name)]
public sealed class ShadowingAllocationTests
{
    [Theory]
    [InlineData("ClassScores")]
    [InlineData("Regression")]
    [InlineData("Embedding")]
    [InlineData("Ranking")]
    [InlineData("Labels")]
    [InlineData("Exact")]
    [InlineData("")]
    public void Compare_OfNumbers_AllocatesNothing(string kind)
    {
        var model = TestAnswer.Model(TestAnswer.Output("output", TensorDataType.Fp32, 50));
        var random = new Random(1);
        var (primary, candidate) = (Random(random), Random(random));
        var comparer = new PairComparer(model, model, new ComparatorOptions { Kind = kind.Length == 0 ? null : Enum.Parse<OutputKind>(kind) });

        Assert.Equal(0, AllocatedBy(() => comparer.Compare(primary.View, candidate.View, 4)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Compare_OfText_AllocatesNothing(int perRow)
    {
        var model = TestAnswer.Model(TestAnswer.Output("output", TensorDataType.Bytes, perRow));
        var comparer = new PairComparer(model, model, new());
        var (primary, candidate) = (TestAnswer.OfText([1, perRow], "kitten", "a"), TestAnswer.OfText([1, perRow], "sitting", "b"));
        if (perRow == 1) (primary, candidate) = (TestAnswer.OfText([1, 1], "cat"), TestAnswer.OfText([1, 1], "dog"));

        Assert.Equal(0, AllocatedBy(() => comparer.Compare(primary.View, candidate.View, 1)));
    }

    [Fact]
    public void Compare_OfRankedItems_AllocatesNothing()
    {
        var model = TestAnswer.Model(TestAnswer.Output("items", TensorDataType.Int64, 5));
        var comparer = new PairComparer(model, model, new ComparatorOptions { Kind = OutputKind.Ranking });
        var (primary, candidate) = (TestAnswer.Of([1, 5], 5L, 4, 3, 2, 1), TestAnswer.Of([1, 5], 1L, 2, 3, 4, 6));

        Assert.Equal(0, AllocatedBy(() => comparer.Compare(primary.View, candidate.View, 1)));
    }

    [Fact]
    public void Observe_OfAPair_AllocatesNothing()
    {
        var verdict = new ShadowVerdict(new VerdictOptions());
        var slices = new SliceTable(8);
        var key = new SliceKey("country", "de");
        var pair = 0;

        Assert.Equal(0, AllocatedBy(() =>
        {
            var disagrees = ++pair % 20 == 0;
            var slice = slices.IndexOf(key);
            var share = verdict.ControlShare;
            verdict.Observe(disagrees, faulted: false, slice);
            if (share > 0) verdict.ObserveControl(disagrees, false, slice);
            verdict.ObserveExecution(.01, .011);
            verdict.ObserveLabel(true, !disagrees);
            verdict.Decide(new VerdictConditions(TimeSpan.FromHours(pair), pair, UnbiasedSample: false));
        }));
    }

    private static TestAnswer Random(Random random) => TestAnswer.Of([4, 50], [.. Enumerable.Range(0, 200).Select(_ => random.NextSingle())]);

    private static long AllocatedBy(Action action)
    {
        for (var i = 0; i < 200; i++) action();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 200; i++) action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
