using System.Runtime.InteropServices;

namespace GrpcServing.Onnx;

/// <summary>A block of native memory that only grows. One owner.</summary>
internal sealed unsafe class NativeRegion : IDisposable
{
    /// <summary>A cache line, and what vector kernels load without a penalty.</summary>
    public const int Alignment = 64;

    public byte* Pointer { get; private set; }

    public nuint Capacity { get; private set; }

    public static nuint Align(nuint bytes) => (bytes + Alignment - 1) & ~(nuint)(Alignment - 1);

    /// <summary>Makes room. Content and address change when it returns true.</summary>
    public bool EnsureCapacity(nuint bytes)
    {
        if (bytes <= Capacity && Pointer is not null) return false;
        var capacity = Align(Math.Max(bytes, Capacity * 2) + Alignment);
        Dispose();
        Pointer = (byte*)NativeMemory.AlignedAlloc(capacity, Alignment);
        Capacity = capacity;
        return true;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
        Capacity = 0;
    }
}
