using System.Numerics;

namespace GrpcServing.Execution;

/// <summary>Native memory for the bodies of requests and responses: nothing of a body is ever on the managed heap.</summary>
/// <remarks>
/// Blocks are powers of two from 256 B. A returned block is kept for the next renter while the kept bytes stay under
/// <c>maxKeptBytes</c>, otherwise freed. Any thread. <see cref="Rented"/> and <see cref="Returned"/> let a test prove that nothing leaks.
/// </remarks>
public sealed class TensorPool(long maxKeptBytes = 256L << 20) : IDisposable
{
    private const int SmallestBlock = 256;

    private readonly SizeClass[] _classes = [.. Enumerable.Range(0, 32 - BitOperations.TrailingZeroCount(SmallestBlock)).Select(static _ => new SizeClass())];
    private long _keptBytes;
    private long _rented;
    private long _returned;
    private long _reclaimed;

    /// <summary>Buffers handed out since start.</summary>
    public long Rented => Volatile.Read(ref _rented);

    /// <summary>Buffers that came back since start.</summary>
    public long Returned => Volatile.Read(ref _returned);

    /// <summary>Buffers that were dropped without a release and whose memory the garbage collector gave back; they never count as returned.</summary>
    public long Reclaimed => Volatile.Read(ref _reclaimed);

    /// <summary>Bytes kept for later renters.</summary>
    public long KeptBytes => Volatile.Read(ref _keptBytes);

    /// <summary>Hands out a buffer of at least <paramref name="bytes"/> bytes (content undefined) with one reference, the caller's.</summary>
    public TensorBuffer Rent(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        var index = ClassOf(bytes);
        Interlocked.Increment(ref _rented);
        var buffer = _classes[index].TryTake();
        if (buffer is null)
        {
            buffer = new TensorBuffer(this, new NativeBlock(this, CapacityOf(index)));
        }
        else
        {
            Interlocked.Add(ref _keptBytes, -buffer.Capacity);
        }
        buffer.Open();
        return buffer;
    }

    internal void Return(TensorBuffer buffer)
    {
        Interlocked.Increment(ref _returned);
        if (Interlocked.Add(ref _keptBytes, buffer.Capacity) <= maxKeptBytes && _classes[ClassOf(buffer.Capacity)].TryKeep(buffer)) return;
        Interlocked.Add(ref _keptBytes, -buffer.Capacity);
        buffer.Free();
    }

    internal void CountReclaimed() => Interlocked.Increment(ref _reclaimed);

    public void Dispose()
    {
        foreach (var sizeClass in _classes)
        {
            while (sizeClass.TryTake() is { } buffer)
            {
                Interlocked.Add(ref _keptBytes, -buffer.Capacity);
                buffer.Free();
            }
        }
    }

    private static int ClassOf(int bytes) =>
        bytes <= SmallestBlock ? 0 : 32 - BitOperations.LeadingZeroCount((uint)(bytes - 1)) - BitOperations.TrailingZeroCount(SmallestBlock);

    // The last class is what an int can hold, not 2^31.
    private static int CapacityOf(int index) => (int)Math.Min((long)SmallestBlock << index, Array.MaxLength);

    /// <summary>A bounded stack: the block used last is the one still in the cache.</summary>
    private sealed class SizeClass
    {
        private const int MaxKept = 1024;
        private readonly Lock _lock = new();
        private readonly Stack<TensorBuffer> _kept = new();

        public TensorBuffer? TryTake()
        {
            lock (_lock) return _kept.TryPop(out var buffer) ? buffer : null;
        }

        public bool TryKeep(TensorBuffer buffer)
        {
            lock (_lock)
            {
                if (_kept.Count >= MaxKept) return false;
                _kept.Push(buffer);
                return true;
            }
        }
    }
}
