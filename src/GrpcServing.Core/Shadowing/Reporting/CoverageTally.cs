namespace GrpcServing.Shadowing;

/// <summary>Eligible and compared requests of the seconds whose load lay in one band.</summary>
/// <param name="Load">Upper end of the band, in requests of the primary per second.</param>
internal readonly record struct CoverageBand(double Load, long Eligible, long Compared);

/// <summary>Whether what was compared speaks for the traffic: eligible and compared by the load of the primary. The shadow's thread only.</summary>
internal sealed class CoverageTally(double windowSeconds)
{
    private const int MaxBands = 10;
    private const int BinsPerOctave = 4;
    private const int Bins = 96;

    private readonly List<LoadWindow> _waiting = [];
    private readonly long[] _eligible = new long[Bins];
    private readonly long[] _compared = new long[Bins];

    // Sums over the requests that the hash chose: load x, dropped y (0 or 1).
    private double _count;
    private double _sumX;
    private double _sumXX;
    private double _sumY;
    private double _sumXY;

    /// <summary>Correlation of being dropped with load over the requests that were chosen, -1..1; 0 while either does not vary.</summary>
    public double LoadCorrelation
    {
        get
        {
            var varianceX = (_count * _sumXX) - (_sumX * _sumX);
            var varianceY = (_count * _sumY) - (_sumY * _sumY);
            return varianceX <= 0 || varianceY <= 0 ? 0 : Math.Clamp(((_count * _sumXY) - (_sumX * _sumY)) / Math.Sqrt(varianceX * varianceY), -1, 1);
        }
    }

    /// <summary>Chosen requests that <see cref="LoadCorrelation"/> is of.</summary>
    public double Requests => _count;

    /// <summary>Takes a window in; it counts once all of its requests are compared or dropped.</summary>
    public void Add(LoadWindow passed)
    {
        Settle();
        _waiting.Add(passed);
    }

    /// <summary>Counts the windows of which everything is known.</summary>
    /// <param name="all">At the end: also those that still wait for something.</param>
    public void Settle(bool all = false) => _waiting.RemoveAll(window =>
    {
        if (!all && !window.IsResolved) return false;
        Count(window);
        return true;
    });

    /// <summary>At most ten bands of about as many eligible requests each, by rising load.</summary>
    public List<CoverageBand> Bands()
    {
        var total = 0L;
        foreach (var bin in _eligible) total += bin;
        var bands = new List<CoverageBand>();
        long eligible = 0, compared = 0, below = 0;
        for (var bin = 0; bin < Bins; bin++)
        {
            eligible += _eligible[bin];
            compared += _compared[bin];
            below += _eligible[bin];
            if (eligible == 0 || (below * MaxBands < total * (bands.Count + 1) && below < total)) continue;
            bands.Add(new CoverageBand(Math.Pow(2, (double)(bin + 1) / BinsPerOctave), eligible, compared));
            eligible = compared = 0;
        }
        return bands;
    }

    private void Count(LoadWindow window)
    {
        var load = window.Requests / windowSeconds;
        var bin = Math.Clamp((int)(Math.Log2(Math.Max(1, load)) * BinsPerOctave), 0, Bins - 1);
        _eligible[bin] += window.Eligible;
        _compared[bin] += window.Compared;
        var dropped = window.NotAdmitted + window.Dropped;
        var chosen = dropped + window.Compared;
        _count += chosen;
        _sumX += chosen * load;
        _sumXX += chosen * load * load;
        _sumY += dropped;
        _sumXY += dropped * load;
    }
}
