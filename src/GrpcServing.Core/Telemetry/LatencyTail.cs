using System.Numerics;

namespace GrpcServing.Telemetry;

/// <summary>Which requests of a model version are slow: beyond the 99th percentile of the last minute.</summary>
/// <remarks>
/// Any thread. Buckets an eighth of an octave wide, in six windows of ten seconds; the percentile is worked out anew once a second by
/// whoever comes first. One interlocked increment per request; 0 bytes.
/// </remarks>
public sealed class LatencyTail(long ticksPerSecond)
{
    private const int Windows = 6;
    private const int SecondsPerWindow = 10;
    private const int StepsPerOctave = 8;
    private const int Buckets = 64 * StepsPerOctave;

    /// <summary>With fewer, the percentile would be the largest of them: every second request that is a little slower would count.</summary>
    private const int Fewest = 100;

    private readonly int[][] _counts = [.. Enumerable.Range(0, Windows).Select(static _ => new int[Buckets])];
    private readonly long[] _windowOf = new long[Windows];
    private long _nextLook = long.MinValue;
    private long _threshold = long.MaxValue;

    /// <summary>Counts a request and says whether it is slow.</summary>
    /// <param name="duration">Ticks it took.</param>
    public bool Record(long duration, long now)
    {
        var window = now / (SecondsPerWindow * ticksPerSecond);
        var slot = (int)(window % Windows);
        var known = Volatile.Read(ref _windowOf[slot]);
        if (known != window && Interlocked.CompareExchange(ref _windowOf[slot], window, known) == known) Array.Clear(_counts[slot]);
        Interlocked.Increment(ref _counts[slot][Bucket(duration)]);

        var look = Volatile.Read(ref _nextLook);
        if (now >= look && Interlocked.CompareExchange(ref _nextLook, now + ticksPerSecond, look) == look) Volatile.Write(ref _threshold, Percentile(window));
        return duration > Volatile.Read(ref _threshold);
    }

    /// <summary>Upper end of the bucket that holds the 99th percentile; <see cref="long.MaxValue"/> while there are too few to tell.</summary>
    private long Percentile(long window)
    {
        Span<long> counts = stackalloc long[Buckets];
        counts.Clear();
        var total = 0L;
        for (var slot = 0; slot < Windows; slot++)
        {
            if (window - Volatile.Read(ref _windowOf[slot]) >= Windows) continue;
            for (var bucket = 0; bucket < Buckets; bucket++)
            {
                counts[bucket] += _counts[slot][bucket];
                total += _counts[slot][bucket];
            }
        }
        if (total < Fewest) return long.MaxValue;
        var beyond = total / 100;
        var last = Buckets - 1;
        for (var seen = 0L; last > 0; last--)
        {
            seen += counts[last];
            if (seen > beyond) break;
        }
        return UpperEnd(last);
    }

    private static int Bucket(long duration)
    {
        var value = (ulong)Math.Max(duration, StepsPerOctave);
        var octave = BitOperations.Log2(value);
        return (octave * StepsPerOctave) + (int)((value >> (octave - 3)) & (StepsPerOctave - 1));
    }

    private static long UpperEnd(int bucket)
    {
        var octave = bucket / StepsPerOctave;
        var steps = (ulong)(StepsPerOctave + (bucket % StepsPerOctave) + 1);
        return octave >= 62 ? long.MaxValue : octave < 3 ? StepsPerOctave : (long)(steps << (octave - 3)) - 1;
    }
}
