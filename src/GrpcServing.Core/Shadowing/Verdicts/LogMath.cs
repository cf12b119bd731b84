namespace GrpcServing.Shadowing;

/// <summary>Logarithms that keep their digits over 10^9 additions of small terms.</summary>
internal static class LogMath
{
    /// <summary>ln(1 + x) to a few units in the last place also for tiny x, which <see cref="double.LogP1"/> rounds to 0.</summary>
    public static double Log1P(double x)
    {
        var y = 1 + x;
        // Kahan: the rounding of 1 + x cancels in ln(y) / (y - 1).
        return y == 1 ? x : double.IsInfinity(y) ? y : Math.Log(y) * (x / (y - 1));
    }

    /// <summary>ln(numerator / denominator), given also their exact difference: near 1 the quotient alone has rounded it away.</summary>
    public static double Quotient(double numerator, double denominator, double difference) =>
        Math.Abs(difference) < denominator / 2 ? Log1P(difference / denominator) : Math.Log(numerator / denominator);

    /// <summary>ln(e^a + e^b); either may be -infinity.</summary>
    public static double Add(double a, double b)
    {
        var (least, most) = a < b ? (a, b) : (b, a);
        return double.IsInfinity(most) ? most : most + Log1P(Math.Exp(least - most));
    }
}

/// <summary>A running sum with Neumaier's correction: its error does not grow with the number of terms. A mutable struct: keep it in a field.</summary>
internal struct CompensatedSum
{
    private double _sum;
    private double _lost;

    public readonly double Value => _sum + _lost;

    public void Add(double term)
    {
        var sum = _sum + term;
        _lost += Math.Abs(_sum) >= Math.Abs(term) ? _sum - sum + term : term - sum + _sum;
        _sum = sum;
    }
}
