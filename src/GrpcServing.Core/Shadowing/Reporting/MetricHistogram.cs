namespace GrpcServing.Shadowing;

/// <summary>Count, mean, extremes and quantiles of one metric over many pairs, in fixed memory.</summary>
/// <remarks>
/// Quantiles come from bins of equal width on a logarithmic scale, eight to an octave, and so are within 5 % of the value; what is nearer
/// to zero than 1e-9 counts as zero. About 8 KB once a value came in. One thread.
/// </remarks>
internal sealed class MetricHistogram
{
    private const int BinsPerOctave = 8;

    // 2^-30 is about 1e-9.
    private const int FirstOctave = -30;
    private const int Octaves = 60;
    private const int BinsPerSign = Octaves * BinsPerOctave;

    // Negative values from large to small, zero, positive values from small to large.
    private long[] _bins = [];
    private MetricSummary _summary;

    public long Count => _summary.Count;

    public double Mean => _summary.Mean;

    public double Least => _summary.Least;

    public double Most => _summary.Most;

    /// <summary>Adds what one pair showed: its mean counts once in the quantiles, its extremes and its weight in everything else.</summary>
    public void Add(in MetricSummary pair)
    {
        if (pair.Count == 0) return;
        if (_bins.Length == 0) _bins = new long[(2 * BinsPerSign) + 1];
        _bins[BinOf(pair.Mean)]++;
        _summary.Add(pair);
    }

    public void Add(double value)
    {
        var one = default(MetricSummary);
        one.Add(value);
        Add(one);
    }

    /// <param name="share">0..1.</param>
    /// <returns>0 before the first value.</returns>
    public double Quantile(double share)
    {
        var total = 0L;
        foreach (var count in _bins) total += count;
        if (total == 0) return 0;
        var rank = (long)Math.Ceiling(share * total);
        var below = 0L;
        var bin = 0;
        while (bin < _bins.Length - 1 && (below += _bins[bin]) < Math.Max(1, rank)) bin++;
        return Math.Clamp(MiddleOf(bin), _summary.Least, _summary.Most);
    }

    private static int BinOf(double value)
    {
        var magnitude = Math.Abs(value);
        if (!(magnitude >= Math.ScaleB(1, FirstOctave))) return BinsPerSign;
        var position = (int)Math.Min(BinsPerSign - 1, (Math.Log2(magnitude) - FirstOctave) * BinsPerOctave);
        return value > 0 ? BinsPerSign + 1 + position : BinsPerSign - 1 - position;
    }

    private static double MiddleOf(int bin)
    {
        if (bin == BinsPerSign) return 0;
        var position = bin > BinsPerSign ? bin - BinsPerSign - 1 : BinsPerSign - 1 - bin;
        var magnitude = Math.Pow(2, FirstOctave + ((position + 0.5) / BinsPerOctave));
        return bin > BinsPerSign ? magnitude : -magnitude;
    }
}
