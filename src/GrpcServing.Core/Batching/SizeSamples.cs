namespace GrpcServing.Batching;

/// <summary>The last runs of one batch size: a window whose order statistic is the estimate.</summary>
/// <remarks>
/// A window rather than an average: a stray slow run moves nothing, a lasting change shows after two thirds of a window, and a constant
/// time is reproduced exactly. 0 bytes per call.
/// </remarks>
internal sealed class SizeSamples
{
    private const int Window = 32;

    // Between p60 and p75: planning on the worst case wastes more deadlines than it saves (batching.md, execution noise).
    private const double Quantile = 0.65;

    private readonly long[] _inOrder = new long[Window];
    private readonly long[] _sorted = new long[Window];
    private int _count;
    private int _next;

    /// <summary>Runs seen since the size was first measured.</summary>
    public long Runs { get; private set; }

    /// <summary>Value of the bucket's run counter at the last run.</summary>
    public long LastRun { get; private set; }

    /// <summary>The quantile over the window, ticks.</summary>
    public long Estimate => _sorted[(int)(Quantile * (_count - 1) + 0.5)];

    /// <summary>Width of the middle three fifths of the window, ticks: how far two estimates may differ by chance. 0 for a constant time.</summary>
    public long Spread => _sorted[(int)(0.8 * (_count - 1) + 0.5)] - _sorted[(int)(0.2 * (_count - 1))];

    /// <summary>Empties the window: what it holds is of another time.</summary>
    public void Forget() => _count = _next = 0;

    public void Add(long ticks, long run)
    {
        var sorted = _sorted.AsSpan(0, _count);
        if (_count == Window)
        {
            // Closes the gap that the oldest run leaves.
            var leaving = sorted.BinarySearch(_inOrder[_next]);
            sorted[(leaving + 1)..].CopyTo(sorted[leaving..]);
            _count--;
            sorted = sorted[..^1];
        }
        var at = sorted.BinarySearch(ticks);
        if (at < 0) at = ~at;
        sorted[at..].CopyTo(_sorted.AsSpan(at + 1));
        _sorted[at] = ticks;
        _count++;
        _inOrder[_next] = ticks;
        _next = (_next + 1) % Window;
        LastRun = run;
        Runs++;
    }
}
