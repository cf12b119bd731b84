namespace GrpcServing.Tests;

public class SmokeTests
{
    [Fact]
    public void ElementSize_Fp32_IsFour() => Assert.Equal(4, GrpcServing.Models.TensorDataTypes.ElementSize(GrpcServing.Models.TensorDataType.Fp32));
}
