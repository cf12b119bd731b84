using System.Buffers;
using System.Buffers.Binary;
using CsCheck;
using GrpcServing.Decoding;

namespace GrpcServing.Tests.Decoding;

public sealed class MessageFrameTests
{
    private const int Limit = 40;

    [Fact]
    public void Look_AnyBeginningOfAFrame_IsPartialUntilItEnds() => Gen.Int[0, Limit].Sample(length =>
    {
        var frame = Frame(new byte[length]);
        for (var came = 0; came <= frame.Length; came++)
        {
            var body = new ReadOnlySequence<byte>(frame, 0, came);
            Assert.Equal(FrameState.Partial, MessageFrame.Look(body, isEnd: false, Limit));
            Assert.Equal(came == frame.Length ? FrameState.Whole : FrameState.Unusual, MessageFrame.Look(body, isEnd: true, Limit));
        }
    });

    [Fact]
    public void Look_HeaderInPieces_IsRead()
    {
        var frame = Frame([1, 2, 3]);

        Assert.Equal(FrameState.Whole, MessageFrame.Look(Segments.Of(frame, 1), isEnd: true, Limit));
    }

    [Fact]
    public void Look_CompressedTooLongOrFollowed_IsUnusualAtOnce()
    {
        foreach (var body in new byte[][]
        {
            [1, .. Frame([])[1..]],
            [0xFF, .. Frame([])[1..]],
            Frame(new byte[Limit + 1])[..MessageFrame.HeaderBytes],
            [0, 0xFF, 0xFF, 0xFF, 0xFF],
            [.. Frame([7]), 0],
        })
        {
            Assert.Equal(FrameState.Unusual, MessageFrame.Look(new ReadOnlySequence<byte>(body), isEnd: false, Limit));
        }
    }

    [Fact]
    public void Write_AnyLength_IsWhatLookReads()
    {
        var written = new ArrayBufferWriter<byte>();

        MessageFrame.Write(written, 3);

        Assert.Equal(Frame([0, 0, 0]).AsSpan(0, MessageFrame.HeaderBytes), written.WrittenSpan);
    }

    private static byte[] Frame(byte[] message)
    {
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }
}
