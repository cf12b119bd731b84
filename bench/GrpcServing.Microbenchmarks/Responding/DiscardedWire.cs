using System.Buffers;
using System.IO.Pipelines;
using Grpc.Core;

namespace GrpcServing.Microbenchmarks.Responding;

/// <summary>Takes what is written and forgets it. One thread at a time.</summary>
internal sealed class DiscardedWire : SerializationContext
{
    public PipeWriter Pipe { get; } = new DiscardingWriter();

    public override IBufferWriter<byte> GetBufferWriter() => Pipe;

    public override void SetPayloadLength(int payloadLength)
    {
        // Nothing is reserved: the pieces are thrown away.
    }

    public override void Complete()
    {
        // Nothing is kept to be completed.
    }

    private sealed class DiscardingWriter : PipeWriter
    {
        // What Kestrel's writer gives at once.
        private readonly byte[] _piece = new byte[4096];

        public override void Advance(int bytes)
        {
            // The next piece is the same memory again.
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => _piece;

        public override Span<byte> GetSpan(int sizeHint = 0) => _piece;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => new(new FlushResult(isCanceled: false, isCompleted: false));

        public override void CancelPendingFlush() => throw new NotSupportedException();

        public override void Complete(Exception? exception = null) => throw new NotSupportedException();
    }
}
