namespace GrpcServing.IntegrationTests;

public class SmokeTests
{
    [Fact]
    public void True_IsTrue() => Assert.Equal(1, int.Parse("1", System.Globalization.CultureInfo.InvariantCulture));
}
