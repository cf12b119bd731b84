using System.Buffers;
using Google.Protobuf;
using GrpcServing.Decoding;
using GrpcServing.Protos;

namespace GrpcServing.Microbenchmarks.Decoding;

/// <summary>Requests of one row as clients send them, to the digits model or one like it.</summary>
internal static class Messages
{
    /// <summary>What Kestrel reads at once.</summary>
    private const int SegmentBytes = 4096;

    public static ReadOnlySequence<byte> Raw(int elements, string id = "")
    {
        var request = Request(elements, id);
        request.RawInputContents.Add(ByteString.CopyFrom(new byte[elements * sizeof(float)]));
        return Segmented(request.ToByteArray());
    }

    /// <summary>Elements as numbers in the message instead of raw bytes.</summary>
    public static ReadOnlySequence<byte> Typed(int elements)
    {
        var request = Request(elements, "");
        request.Inputs[0].Contents = new InferTensorContents();
        request.Inputs[0].Contents.Fp32Contents.AddRange(new float[elements]);
        return Segmented(request.ToByteArray());
    }

    /// <summary>The message in its gRPC frame.</summary>
    public static ReadOnlySequence<byte> Framed(in ReadOnlySequence<byte> message)
    {
        var frame = new ArrayBufferWriter<byte>();
        MessageFrame.Write(frame, (int)message.Length);
        foreach (var piece in message) frame.Write(piece.Span);
        return Segmented(frame.WrittenSpan.ToArray());
    }

    private static ModelInferRequest Request(int elements, string id) => new()
    {
        ModelName = "digits",
        Id = id,
        Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "image", Datatype = "FP32", Shape = { 1, elements } } },
    };

    /// <summary>The message in pieces, as it comes from the transport.</summary>
    private static ReadOnlySequence<byte> Segmented(byte[] message)
    {
        if (message.Length <= SegmentBytes) return new ReadOnlySequence<byte>(message);
        var first = new Segment(message.AsMemory(0, SegmentBytes));
        var last = first;
        for (var at = SegmentBytes; at < message.Length; at += SegmentBytes) last = last.Append(message.AsMemory(at, Math.Min(SegmentBytes, message.Length - at)));
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
