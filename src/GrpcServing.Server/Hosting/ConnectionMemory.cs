using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace GrpcServing.Hosting;

/// <summary>The memory that connections and their streams are read into and written from: blocks of <see cref="BlockBytes"/>, used again.</summary>
/// <remarks>
/// Kestrel's own blocks have 4 KB. Tensors are larger: with these a body comes by an eighth of the system calls and lies in an eighth of the pieces
/// (150 KB both ways: 1.2 to 1.7 times the requests), while small calls cost what they did. Any thread; 0 bytes per call once there are enough blocks.
/// </remarks>
internal sealed class ConnectionMemory : MemoryPool<byte>
{
    public const int BlockBytes = 32 << 10;

    /// <summary>What a connection holds back for a client who reads slowly, before writers wait: at most eight pieces at once, since .NET's sockets allocate for more.</summary>
    public const int MaxWriteBytes = 7 * BlockBytes;

    private readonly ConcurrentQueue<Block> _spare = new();
    private volatile bool _isDisposed;
    private int _spareCount;
    private int _fewestSpare;

    public override int MaxBufferSize => BlockBytes;

    public bool IsDisposed => _isDisposed;

    /// <summary>Blocks that nobody uses.</summary>
    public int Spare => Volatile.Read(ref _spareCount);

    /// <summary>A whole block, however little is asked for.</summary>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return TryTake(out var block) ? block : new Block(this);
    }

    /// <summary>Leaves a tenth of the blocks that nobody has needed since the last time to the garbage collector: what one burst needed is given back by and by.</summary>
    public void Trim()
    {
        // What load needs now and then is not surplus: it would only be made anew.
        for (var surplus = (Math.Min(Volatile.Read(ref _fewestSpare), Spare) + 9) / 10; surplus > 0; surplus--) TryTake(out _);
        Volatile.Write(ref _fewestSpare, Spare);
    }

    /// <summary>Blocks that are in use stay valid.</summary>
    protected override void Dispose(bool disposing)
    {
        _isDisposed = true;
        while (TryTake(out _))
        {
        }
    }

    private bool TryTake([NotNullWhen(true)] out Block? block)
    {
        if (!_spare.TryDequeue(out block)) return false;
        var spare = Interlocked.Decrement(ref _spareCount);
        // One that is lost to another thread's write costs a few blocks, made anew.
        if (spare < Volatile.Read(ref _fewestSpare)) Volatile.Write(ref _fewestSpare, spare);
        return true;
    }

    private void Return(Block block)
    {
        if (_isDisposed) return;
        // Before it can be taken: the count is never below what is there.
        Interlocked.Increment(ref _spareCount);
        _spare.Enqueue(block);
    }

    private sealed class Block(ConnectionMemory owner) : IMemoryOwner<byte>
    {
        // Pinned once and for all, so that no send or receive has to.
        public Memory<byte> Memory { get; } = MemoryMarshal.CreateFromPinnedArray(GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true), 0, BlockBytes);

        [SuppressMessage("Usage", "CA1816:Dispose methods should call SuppressFinalize", Justification = "It is used again, and has no finalizer.")]
        public void Dispose() => owner.Return(this);
    }
}
