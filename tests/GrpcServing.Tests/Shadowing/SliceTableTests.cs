using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

public sealed class SliceTableTests
{
    [Fact]
    public void IndexOf_NewAndKnownSlices_NumbersThemOnce()
    {
        var table = new SliceTable(2);

        Assert.Equal([1, 2, 1], new[] { table.IndexOf(new("country", "de")), table.IndexOf(new("long text", "")), table.IndexOf(new("country", "de")) });
        Assert.Equal(["other", "country=de", "long text"], new[] { table[0].ToString(), table[1].ToString(), table[2].ToString() });
    }

    [Fact]
    public void IndexOf_MoreThanItHolds_IsOther()
    {
        var table = new SliceTable(2);

        var indexes = Enumerable.Range(0, 1000).Select(i => table.IndexOf(new("user", $"{i}"))).ToArray();

        Assert.Equal(1, indexes[0]);
        Assert.All(indexes[2..], static index => Assert.Equal(SliceTable.Other, index));
        Assert.Equal(3, table.Count);
    }

    [Fact]
    public void IndexOf_ValueOfAnyLength_IsNotKept() =>
        Assert.Equal(SliceTable.Other, new SliceTable(2).IndexOf(new("user", new string('x', SliceTable.MaxValueLength + 1))));
}
