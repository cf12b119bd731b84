namespace GrpcServing.Batching;

/// <summary>How unevenly rows arrive: the variance of their number in a window over its mean.</summary>
/// <remarks>
/// Windows as long as the mean time to deadline: what comes faster than that the queue takes up, and what goes on for longer the rate
/// shows. The index of dispersion of counts sees bursts of any shape, where the variation of the gaps sees only how these are spread.
/// </remarks>
internal sealed class ArrivalDispersion
{
    private const int Memory = 64;
    private const int Fewest = 8;
    private const double Least = 0.25;
    private const double Most = 64;

    private long _from;
    private long _windows;
    private double _rows;
    private double _mean;
    private double _meanSquare;

    /// <param name="window">Ticks; 0 while no deadline is known.</param>
    public void Note(int rows, long now, double window)
    {
        if (window <= 0)
        {
            _from = now;
            return;
        }
        var past = (long)((now - _from) / window);
        for (var i = 0; i < Math.Min(past, Memory); i++)
        {
            var weight = 1.0 / Math.Min(Memory, ++_windows);
            _mean += (_rows - _mean) * weight;
            _meanSquare += (_rows * _rows - _meanSquare) * weight;
            _rows = 0;
        }
        _from += (long)(past * window);
        _rows += rows;
    }

    /// <summary>In units of requests, 1 for Poisson arrivals.</summary>
    /// <param name="meanRows">Rows of a request.</param>
    /// <param name="otherwise">The answer while too few windows have passed.</param>
    public double Of(double meanRows, double otherwise) =>
        _windows < Fewest || _mean <= 0 ? otherwise : Math.Clamp((_meanSquare / _mean - _mean) / meanRows, Least, Most);
}
