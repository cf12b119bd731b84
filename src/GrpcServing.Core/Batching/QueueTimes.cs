using System.Numerics;

namespace GrpcServing.Batching;

/// <summary>A histogram of durations with 3 % wide buckets. One writer; readers may see a count one behind.</summary>
internal sealed class QueueTimes
{
    private const int StepBits = 5;
    private const int Steps = 1 << StepBits;
    private const int Buckets = (64 - StepBits) * Steps;

    private readonly int[] _counts = new int[Buckets];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public void Add(long ticks)
    {
        _counts[Bucket(Math.Max(0, ticks))]++;
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>Moves everything counted since the last call into the other, which the reader owns.</summary>
    /// <param name="seen">What was counted at the last call; brought up to date.</param>
    public void CopyNew(QueueTimes seen, QueueTimes into)
    {
        for (var i = 0; i < Buckets; i++)
        {
            var counted = Volatile.Read(ref _counts[i]);
            var added = counted - seen._counts[i];
            seen._counts[i] = counted;
            into._counts[i] = added;
        }
        into._count = into._counts.Sum();
    }

    /// <summary>Upper end of the bucket that holds this quantile; 0 when empty.</summary>
    public long Quantile(double quantile)
    {
        var rank = quantile * _count;
        long below = 0;
        for (var i = 0; i < Buckets; i++)
        {
            below += _counts[i];
            if (below >= rank && below > 0) return UpperEnd(i);
        }
        return 0;
    }

    /// <summary>Share of what lies in buckets wholly above.</summary>
    public double ShareAbove(long ticks)
    {
        if (_count == 0) return 0;
        long above = 0;
        for (var i = Bucket(Math.Max(0, ticks)) + 1; i < Buckets; i++) above += _counts[i];
        return (double)above / _count;
    }

    private static int Bucket(long ticks)
    {
        if (ticks < Steps) return (int)ticks;
        var shift = 63 - BitOperations.LeadingZeroCount((ulong)ticks) - StepBits;
        return (shift + 1) * Steps + (int)((ticks >> shift) & (Steps - 1));
    }

    private static long UpperEnd(int bucket)
    {
        if (bucket < Steps) return bucket;
        var shift = bucket / Steps - 1;
        return ((long)(Steps + bucket % Steps + 1) << shift) - 1;
    }
}
