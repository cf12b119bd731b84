using Google.Protobuf;
using GrpcServing.Protos;
using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Shadowing;

/// <summary>Captured requests in a file: eight bytes that say so, then messages, each behind its length as a protobuf varint.</summary>
/// <remarks>
/// The messages are <c>grpcserving.admin.v1.CapturedRequest</c>. A file without the eight bytes is read as plain length-delimited
/// <c>inference.ModelInferRequest</c>, which other tools can write.
/// </remarks>
internal static class CaptureFile
{
    private const int LargestMessage = int.MaxValue - 64;

    private static ReadOnlySpan<byte> Magic => "GSCAP\0\0\u0001"u8;

    public static void WriteHeader(Stream file) => file.Write(Magic);

    public static void Write(Stream file, CapturedRequest captured) => captured.WriteDelimitedTo(file);

    /// <summary>Reads one message after the other.</summary>
    /// <param name="cutShort">Called when the file ends inside a message: what was whole has been read.</param>
    /// <exception cref="InvalidDataException">It is no such file.</exception>
    public static IEnumerable<CapturedRequest> Read(Stream file, Action cutShort)
    {
        var header = new byte[Magic.Length];
        var read = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        var isCapture = header.AsSpan(0, read).SequenceEqual(Magic);
        Stream rest = isCapture ? file : new RejoinedStream(header.AsMemory(0, read), file);
        for (var number = 1; ; number++)
        {
            // Without the eight bytes a first message that is not whole is no message at all.
            if (ReadMessage(rest, number, isCapture || number > 1 ? cutShort : NotAFile) is not { } message) yield break;
            yield return Parse(message, isCapture, number);
        }
    }

    private static void NotAFile() => throw new InvalidDataException("this is no file of captured requests.");

    private static CapturedRequest Parse(byte[] message, bool isCapture, int number)
    {
        try
        {
            return isCapture ? CapturedRequest.Parser.ParseFrom(message) : new CapturedRequest { Id = number, Request = ModelInferRequest.Parser.ParseFrom(message) };
        }
        catch (InvalidProtocolBufferException fault)
        {
            throw new InvalidDataException($"message {number} is neither a captured request nor a ModelInferRequest: {fault.Message}", fault);
        }
    }

    /// <summary>Null at the end of the file.</summary>
    private static byte[]? ReadMessage(Stream file, int number, Action cutShort)
    {
        ulong length = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = file.ReadByte();
            if (next < 0)
            {
                if (shift > 0) cutShort();
                return null;
            }
            if (shift > 28) throw new InvalidDataException($"message {number} has no length that fits: this is no file of captured requests.");
            length |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) break;
        }
        if (length > LargestMessage) throw new InvalidDataException($"message {number} claims {length} bytes: this is no file of captured requests.");
        // Grows with what is really there: a length that lies asks for no memory.
        using var message = new MemoryStream();
        var buffer = new byte[Math.Min(1 << 16, (int)length)];
        while ((ulong)message.Length < length)
        {
            var read = file.Read(buffer, 0, (int)Math.Min((ulong)buffer.Length, length - (ulong)message.Length));
            if (read == 0)
            {
                cutShort();
                return null;
            }
            message.Write(buffer, 0, read);
        }
        return message.ToArray();
    }

    /// <summary>Gives back what was read ahead, then the rest.</summary>
    private sealed class RejoinedStream(ReadOnlyMemory<byte> first, Stream rest) : Stream
    {
        private ReadOnlyMemory<byte> _first = first;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_first.IsEmpty) return rest.Read(buffer, offset, count);
            var taken = Math.Min(count, _first.Length);
            _first[..taken].CopyTo(buffer.AsMemory(offset));
            _first = _first[taken..];
            return taken;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
