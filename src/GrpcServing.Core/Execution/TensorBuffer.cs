using System.Buffers;
using System.Diagnostics;

namespace GrpcServing.Execution;

/// <summary>A block of native memory with a count of those who use it; the last to let go returns it to its pool.</summary>
/// <remarks>
/// <see cref="TensorPool.Rent"/> gives one reference. Whoever keeps the buffer beyond a call takes its own with
/// <see cref="AddReference"/> and gives it up with <see cref="Release"/>, from any thread. Touching the memory without holding a
/// reference is a bug that corrupts another request.
/// </remarks>
public sealed unsafe class TensorBuffer : MemoryManager<byte>
{
    private readonly TensorPool _pool;
    private readonly NativeBlock _block;
    private int _references;

    internal TensorBuffer(TensorPool pool, NativeBlock block)
    {
        _pool = pool;
        _block = block;
    }

    /// <summary>First byte; aligned to 64.</summary>
    public byte* Pointer => _block.Pointer;

    public int Capacity => _block.Bytes;

    internal void Free() => _block.Dispose();

    internal void Open() => Volatile.Write(ref _references, 1);

    public void AddReference()
    {
        var references = Interlocked.Increment(ref _references);
        Debug.Assert(references > 1, "A reference was added to a buffer that nobody held.");
    }

    public void Release()
    {
        var references = Interlocked.Decrement(ref _references);
        Debug.Assert(references >= 0, "A buffer was released more often than it was held.");
        if (references == 0) _pool.Return(this);
    }

    /// <summary>The bytes from <paramref name="offset"/>; the caller holds a reference.</summary>
    public Span<byte> Slice(int offset, int length) => GetSpan().Slice(offset, length);

    public override Span<byte> GetSpan() => new(Pointer, Capacity);

    public override MemoryHandle Pin(int elementIndex = 0) => new(Pointer + elementIndex);

    public override void Unpin()
    {
        // Native memory does not move.
    }

    protected override void Dispose(bool disposing)
    {
        // The pool owns the memory; a handle on it ends by Release.
    }
}
