namespace GrpcServing.Batching;

/// <summary>The rate of a count over the last second, from looking at it now and then. One owner.</summary>
internal sealed class RateMeter(long ticksPerSecond)
{
    private const int Steps = 10;

    private readonly (long At, long Count)[] _seen = new (long, long)[Steps + 1];
    private int _next;
    private int _known;

    /// <summary>Per tick; 0 until a tenth of a second has been seen.</summary>
    public double Rate(long count, long now)
    {
        if (_known == 0 || now - _seen[Last].At >= ticksPerSecond / Steps)
        {
            _seen[_next] = (now, count);
            _next = (_next + 1) % _seen.Length;
            _known = Math.Min(_known + 1, _seen.Length);
        }
        // The youngest that is a second old, or the oldest there is.
        var oldest = (_next - _known + _seen.Length) % _seen.Length;
        while (oldest != Last && now - _seen[(oldest + 1) % _seen.Length].At >= ticksPerSecond) oldest = (oldest + 1) % _seen.Length;
        var span = now - _seen[oldest].At;
        return span < ticksPerSecond / Steps ? 0 : (count - _seen[oldest].Count) / (double)span;
    }

    private int Last => (_next - 1 + _seen.Length) % _seen.Length;
}
