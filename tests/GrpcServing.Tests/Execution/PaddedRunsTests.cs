using CsCheck;
using GrpcServing.Execution;

namespace GrpcServing.Tests.Execution;

public sealed class PaddedRunsTests
{
    private static readonly Gen<(int Own, int More)[]> Axes = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 3]).Array[1, 4];

    [Fact]
    public void MoveNext_AnyShapes_VisitsEveryOwnElementAtItsPlaceInOrder() => Axes.Sample(axes =>
    {
        var own = Array.ConvertAll(axes, static axis => (long)axis.Own);
        var padded = Array.ConvertAll(axes, static axis => (long)axis.Own + axis.More);
        var visited = new List<(long Own, long Padded)>();

        for (var runs = new PaddedRuns(own, padded); runs.MoveNext();)
            for (var i = 0L; i < runs.Length; i++) visited.Add((runs.OwnOffset + i, runs.PaddedOffset + i));

        Assert.Equal(Places(own, padded), visited);
    });

    /// <summary>By counting the indices up one by one.</summary>
    private static IEnumerable<(long Own, long Padded)> Places(long[] own, long[] padded)
    {
        var elements = own.Aggregate(1L, static (product, dim) => product * dim);
        for (var element = 0L; element < elements; element++)
        {
            var (rest, stride, place) = (element, 1L, 0L);
            for (var axis = own.Length - 1; axis >= 0; axis--)
            {
                place += rest % own[axis] * stride;
                rest /= own[axis];
                stride *= padded[axis];
            }
            yield return (element, place);
        }
    }
}
