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

    public override int MaxBufferSize => BlockBytes;

    public bool IsDisposed => _isDisposed;

    /// <summary>Blocks that nobody uses.</summary>
    public int Spare => _spare.Count;

    /// <summary>A whole block, however little is asked for.</summary>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _spare.TryDequeue(out var block) ? block : new Block(this);
    }

    /// <summary>Leaves a tenth of the spare blocks to the garbage collector: what one burst needed is given back by and by.</summary>
    public void Trim()
    {
        for (var surplus = (_spare.Count + 9) / 10; surplus > 0; surplus--) _spare.TryDequeue(out _);
    }

    /// <summary>Blocks that are in use stay valid.</summary>
    protected override void Dispose(bool disposing)
    {
        _isDisposed = true;
        _spare.Clear();
    }

    private void Return(Block block)
    {
        if (!_isDisposed) _spare.Enqueue(block);
    }

    private sealed class Block(ConnectionMemory owner) : IMemoryOwner<byte>
    {
        // Pinned once and for all, so that no send or receive has to.
        public Memory<byte> Memory { get; } = MemoryMarshal.CreateFromPinnedArray(GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true), 0, BlockBytes);

        [SuppressMessage("Usage", "CA1816:Dispose methods should call SuppressFinalize", Justification = "It is used again, and has no finalizer.")]
        public void Dispose() => owner.Return(this);
    }
}
