using System.Buffers;
using System.Buffers.Binary;

namespace GrpcServing.Decoding;

/// <summary>How much of a call's one message there is.</summary>
internal enum FrameState
{
    /// <summary>More is to come.</summary>
    Partial,

    /// <summary>All of it, uncompressed, and nothing after it.</summary>
    Whole,

    /// <summary>It is compressed, larger than allowed, cut off, or followed by something.</summary>
    Unusual,
}

/// <summary>The frame around a gRPC message: a flag (1 = compressed) and the length of the message, 32 bits, most significant first.</summary>
internal static class MessageFrame
{
    public const int HeaderBytes = 5;

    /// <param name="body">Of the call, from its beginning.</param>
    /// <param name="isEnd">Whether nothing will follow it.</param>
    /// <param name="maxBytes">Longest message that is allowed.</param>
    public static FrameState Look(in ReadOnlySequence<byte> body, bool isEnd, int maxBytes)
    {
        if (body.Length < HeaderBytes) return isEnd ? FrameState.Unusual : FrameState.Partial;
        Span<byte> header = stackalloc byte[HeaderBytes];
        body.Slice(0, HeaderBytes).CopyTo(header);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        var found = body.Length - HeaderBytes;
        if (header[0] != 0 || length > maxBytes || found > length) return FrameState.Unusual;
        if (!isEnd) return FrameState.Partial;
        return found == length ? FrameState.Whole : FrameState.Unusual;
    }

    /// <summary>The header of an uncompressed message.</summary>
    public static void Write(IBufferWriter<byte> output, int messageBytes)
    {
        var header = output.GetSpan(HeaderBytes);
        header[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(header[1..], messageBytes);
        output.Advance(HeaderBytes);
    }
}
