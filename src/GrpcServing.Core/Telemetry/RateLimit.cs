namespace GrpcServing.Telemetry;

/// <summary>Lets so many through each second, and more at once after a quiet time. Any thread, no lock.</summary>
/// <param name="perSecond">At least 1.</param>
/// <param name="burst">Most at once, at least 1.</param>
/// <param name="frequency">Ticks per second of the clock that callers read.</param>
internal sealed class RateLimit(int perSecond, int burst, long frequency)
{
    private readonly long _interval = Math.Max(1, frequency / perSecond);

    // The instant up to which everything that was let through has been paid for.
    private long _paidUntil = long.MinValue / 2;

    public bool TryTake(long now)
    {
        while (true)
        {
            var paidUntil = Volatile.Read(ref _paidUntil);
            var next = Math.Max(paidUntil, now - (burst * _interval)) + _interval;
            if (next > now) return false;
            if (Interlocked.CompareExchange(ref _paidUntil, next, paidUntil) == paidUntil) return true;
        }
    }
}
