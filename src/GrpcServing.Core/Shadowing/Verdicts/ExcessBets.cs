using System.Numerics.Tensors;

namespace GrpcServing.Shadowing;

/// <summary>Bets of several sizes that the mean of numbers in {-1, 0, 1} is above m, with the logarithms that their wealth is made of.</summary>
/// <remarks>
/// A bet of share l turns 1 into <c>1 + l (Z - m)</c>: not negative for l up to 1/(1+m). The wealth is spread over shares that halve from
/// one to the next, from <c>boldest/(1+m)</c> on, with weights 1/(k(k+1)): the larger the excess, the larger the share that earns most. The
/// state is the counts alone, so one instance serves many tests.
/// </remarks>
internal sealed class ExcessBets
{
    private const int Shares = 24;

    private readonly double[] _weights = new double[Shares];
    private readonly double[] _win = new double[Shares];
    private readonly double[] _draw = new double[Shares];
    private readonly double[] _loss = new double[Shares];

    /// <inheritdoc cref="Place"/>
    public ExcessBets(double mean, double boldest)
    {
        for (var k = 1; k <= Shares; k++) _weights[k - 1] = Math.Log(k < Shares ? 1.0 / (k * (k + 1)) : 1.0 / k);
        Place(mean, boldest);
    }

    /// <param name="mean">m, above -1 and below 1.</param>
    /// <param name="boldest">Largest share over the greatest possible one, above 0 and below 1.</param>
    public void Place(double mean, double boldest)
    {
        var share = boldest / (1 + mean);
        for (var k = 0; k < Shares; k++, share /= 2)
        {
            _win[k] = LogMath.Log1P(share * (1 - mean));
            _draw[k] = LogMath.Log1P(-share * mean);
            _loss[k] = LogMath.Log1P(-share * (1 + mean));
        }
    }

    /// <summary>ln of the wealth after so many 1s, 0s and -1s.</summary>
    public double LogWealth(long wins, long draws, long losses)
    {
        Span<double> wealth = stackalloc double[Shares];
        TensorPrimitives.MultiplyAdd(_win, (double)wins, _weights, wealth);
        TensorPrimitives.MultiplyAdd(_draw, (double)draws, wealth, wealth);
        TensorPrimitives.MultiplyAdd(_loss, (double)losses, wealth, wealth);
        var most = TensorPrimitives.Max<double>(wealth);
        TensorPrimitives.Subtract(wealth, most, wealth);
        TensorPrimitives.Exp(wealth, wealth);
        return most + Math.Log(TensorPrimitives.Sum<double>(wealth));
    }
}

/// <summary>The bets on both sides of one budget, shared by all tests against it.</summary>
internal sealed class ExcessBudget(double budget)
{
    /// <summary>Keeps something when everything else was lost on one pair.</summary>
    public const double BoldestAbove = .9;

    /// <summary>Less bold: PASS without noise is the plain test's matter, and with noise large shares lose.</summary>
    public const double BoldestBelow = .5;

    /// <summary>That the excess is above the budget.</summary>
    public ExcessBets Above { get; } = new(budget, BoldestAbove);

    /// <summary>That the excess, its sign turned, is above the budget's: that it is below.</summary>
    public ExcessBets Below { get; } = new(-budget, BoldestBelow);
}
