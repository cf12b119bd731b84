using GrpcServing.Simulator;

namespace GrpcServing.Tests.Batching.Simulator;

public class ComparisonTableTests
{
    [Theory]
    [InlineData(0.01234, "+0.0123")]
    [InlineData(-0.01234, "-0.0123")]
    [InlineData(0, "+0.0000")]
    [InlineData(0.00001, "+0.0000")]
    [InlineData(-0.00001, "+0.0000")]
    [InlineData(-0.00006, "-0.0001")]
    public void Difference_AnyValue_HasOneSign(double value, string text) => Assert.Equal(text, ComparisonTable.Difference(value));
}
