using System.Text;
using GrpcServing.Responding;

namespace GrpcServing.Tests.Responding;

public class PrintedNumberTests
{
    /// <summary>What C's printf gives.</summary>
    [Theory]
    [InlineData(0.0, "0.000000")]
    [InlineData(-0.0, "-0.000000")]
    [InlineData(-1e-7, "-0.000000")]
    [InlineData(0.9, "0.900000")]
    [InlineData(0.9999995, "1.000000")]
    [InlineData(1e22, "10000000000000000000000.000000")]
    [InlineData(double.NaN, "nan")]
    [InlineData(double.PositiveInfinity, "inf")]
    [InlineData(double.NegativeInfinity, "-inf")]
    // Exactly between two numbers of six digits: to the even one.
    [InlineData(1.0 / 128, "0.007812")]
    [InlineData(3.0 / 128, "0.023438")]
    [InlineData(5.0 / 128, "0.039062")]
    [InlineData(-7.0 / 128, "-0.054688")]
    [InlineData((1L << 45) + (1.0 / 128), "35184372088832.007812")]
    public void Write_Float_AsPrintf(double value, string expected) => Assert.Equal(expected, Print(value));

    [Fact]
    public void Write_LargestDouble_Fits() => Assert.Equal(317, Print(double.MinValue).Length);

    [Fact]
    public void Write_Integer_HasNoPoint() => Assert.Equal("-9223372036854775808", Print(long.MinValue));

    private static string Print<T>(T value)
        where T : System.Numerics.INumber<T>
    {
        Span<byte> text = stackalloc byte[PrintedNumber.MaxBytes];
        return Encoding.UTF8.GetString(text[..PrintedNumber.Write(value, text)]);
    }
}
