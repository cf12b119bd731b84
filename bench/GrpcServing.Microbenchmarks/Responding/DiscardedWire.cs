using System.Buffers;
using Grpc.Core;

namespace GrpcServing.Microbenchmarks.Responding;

/// <summary>Takes what is written and forgets it. One thread at a time.</summary>
internal sealed class DiscardedWire : SerializationContext, IBufferWriter<byte>
{
    // What Kestrel's writer gives at once.
    private readonly byte[] _piece = new byte[4096];

    public override IBufferWriter<byte> GetBufferWriter() => this;

    public override void SetPayloadLength(int payloadLength)
    {
        // Nothing is reserved: the pieces are thrown away.
    }

    public override void Complete()
    {
        // Nothing is kept to be completed.
    }

    public void Advance(int count)
    {
        // The next piece is the same memory again.
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => _piece;

    public Span<byte> GetSpan(int sizeHint = 0) => _piece;
}
