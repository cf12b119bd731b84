using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

public class NoisyTableTests
{
    [Fact]
    public void PaddedRows_DifferenceWithinTheNoise_DoesNotPad()
    {
        var table = new MeasuredLatencyTable(maxRows: 8);
        foreach (var ticks in new long[] { 90, 100, 110 })
        {
            table.Observe(0, 1, ticks + 4);
            table.Observe(0, 8, ticks);
        }

        Assert.Equal(1, table.PaddedRows(0, 1));
        Assert.True(table.Estimate(0, 8) >= table.Estimate(0, 1));
    }

    [Fact]
    public void PaddedRows_DifferenceClearOfTheNoise_Pads()
    {
        var table = new MeasuredLatencyTable(maxRows: 8);
        foreach (var ticks in new long[] { 90, 100, 110 })
        {
            table.Observe(0, 5, ticks + 200);
            table.Observe(0, 8, ticks);
        }

        Assert.Equal(8, table.PaddedRows(0, 5));
        Assert.Equal(table.Estimate(0, 8), table.Estimate(0, 5));
    }
}
