using System.Runtime.InteropServices;

namespace GrpcServing.Execution;

/// <summary>The native memory of one <see cref="TensorBuffer"/>.</summary>
/// <remarks>
/// Lives as long as its buffer. Its finalizer is the net under buffers that nobody can release any more: a transport that reads a
/// request and then drops the call never hands it to anyone. It makes no forgotten <see cref="TensorBuffer.Release"/> right.
/// </remarks>
internal sealed unsafe class NativeBlock(TensorPool pool, int bytes) : IDisposable
{
    private const nuint Alignment = 64; // a cache line, and what vector kernels load without a penalty

    ~NativeBlock()
    {
        pool.CountReclaimed();
        NativeMemory.AlignedFree(Pointer);
    }

    public byte* Pointer { get; } = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, Alignment);

    public int Bytes { get; } = bytes;

    /// <summary>Gives the memory back at once.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(Pointer);
        GC.SuppressFinalize(this);
    }
}
