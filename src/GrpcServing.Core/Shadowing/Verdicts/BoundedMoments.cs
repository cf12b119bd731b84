namespace GrpcServing.Shadowing;

/// <summary>Running mean and variance of numbers in [0, 1], as known before the next one: what the predictable bets of section 3.3 use.</summary>
/// <remarks>
/// <c>mu_t = (1/2 + sum X) / (t + 1)</c>, <c>s2_t = (1/4 + sum (X_i - mu_i)^2) / (t + 1)</c>; mu_0 = 1/2, s2_0 = 1/4 (Waudby-Smith and
/// Ramdas, Estimating means of bounded random variables by betting). A mutable struct: keep it in a field.
/// </remarks>
internal struct BoundedMoments(double alpha)
{
    private readonly double _twoLog = 2 * Math.Log(2 / alpha);
    private double _sum;
    private double _squares;

    public long Count { get; private set; }

    public readonly double Mean => (.5 + _sum) / (Count + 1);

    public readonly double Variance => (.25 + _squares) / (Count + 1);

    /// <summary><c>sqrt(2 ln(2/alpha) / (s2_{t-1} t ln(1+t)))</c> for the next number, the t-th.</summary>
    public readonly double NextBet
    {
        get
        {
            double t = Count + 1;
            return Math.Sqrt(_twoLog / (Variance * t * LogMath.Log1P(t)));
        }
    }

    public void Add(double x)
    {
        Count++;
        _sum += x;
        var distance = x - Mean;
        _squares += distance * distance;
    }
}
