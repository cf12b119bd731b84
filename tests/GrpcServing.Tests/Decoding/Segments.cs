using System.Buffers;

namespace GrpcServing.Tests.Decoding;

/// <summary>Payloads in pieces, as a transport delivers them.</summary>
internal static class Segments
{
    /// <summary>Cuts the bytes at random places; some pieces are empty.</summary>
    public static ReadOnlySequence<byte> Random(byte[] bytes, int seed)
    {
        var random = new Random(seed);
        var most = random.Next(1, 12);
        return Cut(bytes, () => random.Next(0, most + 1));
    }

    /// <summary>Pieces of one size.</summary>
    public static ReadOnlySequence<byte> Of(byte[] bytes, int size) => Cut(bytes, () => size);

    private static ReadOnlySequence<byte> Cut(byte[] bytes, Func<int> size)
    {
        var first = new Segment(ReadOnlyMemory<byte>.Empty);
        var last = first;
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(size(), bytes.Length - at);
            last = last.Append(bytes.AsMemory(at, length));
            at += length;
        }
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory) => Memory = memory;

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }
}
