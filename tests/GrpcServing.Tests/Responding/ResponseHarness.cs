using System.Buffers;
using System.Collections.Immutable;
using Google.Protobuf;
using Grpc.Core;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Responding;
using GrpcServing.Routing;

namespace GrpcServing.Tests.Responding;

/// <summary>Makes responses and writes them as the transport does; at its end every buffer must have come back.</summary>
public sealed class ResponseHarness : IDisposable
{
    public TensorPool Pool { get; } = new();

    public void Dispose()
    {
        Assert.Equal(Pool.Rented, Pool.Returned);
        Pool.Dispose();
    }

    public static ModelSpec Spec(string name, long version, int maxBatchSize, params TensorSpec[] outputs) => new()
    {
        Name = name,
        Version = version,
        MaxBatchSize = maxBatchSize,
        Inputs = [],
        Outputs = [.. outputs],
    };

    public static TensorSpec Tensor(string name, TensorDataType type, params string[] labels) => new()
    {
        Name = name,
        DataType = type,
        Dims = [-1],
        GraphDims = [-1],
        Labels = [.. labels],
    };

    /// <summary>A response with these outputs of the model.</summary>
    internal InferenceResponse Response(
        ModelSpec spec, string id, (int Output, long[] Shape, byte[] Bytes)[] outputs, ImmutableArray<RequestedOutput> requested = default)
    {
        var request = new DecodedRequest
        {
            Id = id,
            Body = Pool.Rent(0),
            Inputs = [],
            Bucket = new ShapeBucket(0, [], []),
            Rows = 1,
            Outputs = requested.IsDefault ? [] : requested,
        };
        var body = Pool.Rent(outputs.Sum(static output => output.Bytes.Length));
        var slices = new List<OutputSlice>();
        var offset = 0;
        foreach (var (output, shape, bytes) in outputs)
        {
            bytes.CopyTo(body.Slice(offset, bytes.Length));
            slices.Add(new OutputSlice(output, offset, bytes.Length, shape));
            offset += bytes.Length;
        }
        var response = new InferenceResponse(spec, request, new InferenceResult(body, [.. slices]));
        request.Release();
        return response;
    }

    /// <summary>What the marshaller writes, in pieces of at most so many bytes.</summary>
    internal static byte[] Serialize<T>(Marshaller<T> marshaller, T response, int pieceSize = 64)
    {
        var context = new PieceContext(pieceSize);
        marshaller.ContextualSerializer(response, context);
        Assert.True(context.IsComplete);
        Assert.Equal(context.PayloadLength, context.Written.Count);
        return [.. context.Written];
    }

    internal static T Parse<T>(MessageParser<T> parser, byte[] bytes)
        where T : IMessage<T> => parser.ParseFrom(bytes);

    /// <summary>Gives out small buffers, as a transport near the end of its own does.</summary>
    internal sealed class PieceContext(int pieceSize) : SerializationContext, IBufferWriter<byte>
    {
        private byte[] _piece = [];

        public List<byte> Written { get; } = [];

        public int PayloadLength { get; private set; } = -1;

        public bool IsComplete { get; private set; }

        public override IBufferWriter<byte> GetBufferWriter() => this;

        public override void SetPayloadLength(int payloadLength) => PayloadLength = payloadLength;

        public override void Complete() => IsComplete = true;

        public void Advance(int count) => Written.AddRange(_piece[..count]);

        public Memory<byte> GetMemory(int sizeHint = 0) => _piece = new byte[Math.Max(sizeHint, pieceSize)];

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
