using CsCheck;
using Google.Protobuf;
using Grpc.Core;
using GrpcServing.Models;
using GrpcServing.Protos;
using GrpcServing.Responding;
using static GrpcServing.Tests.Responding.ResponseHarness;

namespace GrpcServing.Tests.Responding;

public sealed class WireWriterTests : IDisposable
{
    private static readonly Gen<string> Name = Gen.OneOf(Gen.Const(""), Gen.String[Gen.Char['a', 'z'], 1, 10], Gen.String[Gen.Char['\u0400', '\u04ff'], 60, 300]);

    private readonly ResponseHarness _harness = new();
    private readonly Marshaller<InferenceResponse> _unary;
    private readonly Marshaller<StreamResponse> _stream;

    public WireWriterTests()
    {
        _unary = InferenceMethods.ModelInfer(_harness.Pool).ResponseMarshaller;
        _stream = InferenceMethods.ModelStreamInfer(_harness.Pool).ResponseMarshaller;
    }

    public void Dispose() => _harness.Dispose();

    /// <summary>Law: what is written parses to the message that generated code would have written, byte for byte as long as announced.</summary>
    [Fact]
    public void Write_AnyResponse_ParsesAsTheGeneratedMessage() =>
        Gen.Select(Name, Gen.Long[1, long.MaxValue], Name, Outputs, Gen.Int[1, 300]).Sample(
            (model, version, id, outputs, pieceSize) =>
            {
                var spec = Spec(model, version, 4, [.. outputs.Select(static output => Tensor(output.Name, output.Type))]);
                var expected = Expected(spec, id, outputs);

                var bytes = Serialize(_unary, _harness.Response(spec, id, Slices(outputs)), pieceSize);

                Assert.Equal(expected, Parse(ModelInferResponse.Parser, bytes));
                Assert.Equal(expected.ToByteArray(), bytes);
            },
            iter: 3_000);

    [Fact]
    public void Write_OnAStream_IsWrappedAndSaysThatItIsTheLast() =>
        Gen.Select(Name, Outputs).Sample(
            (id, outputs) =>
            {
                var spec = Spec("m", 3, 0, [.. outputs.Select(static output => Tensor(output.Name, output.Type))]);
                var expected = Expected(spec, id, outputs);
                expected.Parameters.Add("triton_final_response", new InferParameter { BoolParam = true });

                var bytes = Serialize(_stream, StreamResponse.Success(_harness.Response(spec, id, Slices(outputs))));

                Assert.Equal(new ModelStreamInferResponse { InferResponse = expected }, Parse(ModelStreamInferResponse.Parser, bytes));
            },
            iter: 500);

    [Theory]
    [InlineData("q")]
    [InlineData("")]
    public void Write_FailureOnAStream_HasMessageAndId(string id)
    {
        var bytes = Serialize(_stream, StreamResponse.Failure(id, ServingError.Invalid("no such thing")));

        Assert.Equal(
            new ModelStreamInferResponse { ErrorMessage = "no such thing", InferResponse = new ModelInferResponse { Id = id } },
            Parse(ModelStreamInferResponse.Parser, bytes));
    }

    /// <summary>The lengths at which another byte is needed for a length.</summary>
    [Theory]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(16_383)]
    [InlineData(16_384)]
    [InlineData(2_097_152)]
    public void Write_OutputOfThisLength_ArrivesWhole(int length)
    {
        var raw = new byte[length];
        new Random(length).NextBytes(raw);
        var spec = Spec("m", 1, 0, Tensor("y", TensorDataType.UInt8));

        var response = Parse(ModelInferResponse.Parser, Serialize(_unary, _harness.Response(spec, "", [(0, [length], raw)]), pieceSize: 4096));

        Assert.Equal(raw, response.RawOutputContents[0].ToByteArray());
    }

    [Fact]
    public void Serialize_TransportFails_ReleasesTheResponse()
    {
        var spec = Spec("m", 1, 0, Tensor("y", TensorDataType.UInt8));

        Assert.Throws<IOException>(() => _unary.ContextualSerializer(_harness.Response(spec, "", [(0, [1], [1])]), new BrokenContext()));
    }

    private static Gen<(string Name, TensorDataType Type, long[] Shape, byte[] Bytes)[]> Outputs { get; } = Gen.Select(
        Name, Gen.OneOf([.. Enum.GetValues<TensorDataType>().Select(Gen.Const)]), Gen.Long[0, long.MaxValue].Array[0, 5], Gen.Byte.Array[0, 400]).Array[0, 5];

    private static (int, long[], byte[])[] Slices((string Name, TensorDataType Type, long[] Shape, byte[] Bytes)[] outputs) =>
        [.. outputs.Select(static (output, index) => (index, output.Shape, output.Bytes))];

    private static ModelInferResponse Expected(ModelSpec spec, string id, (string Name, TensorDataType Type, long[] Shape, byte[] Bytes)[] outputs) => new()
    {
        ModelName = spec.Name,
        ModelVersion = FormattableString.Invariant($"{spec.Version}"),
        Id = id,
        Outputs = { outputs.Select(static output => new ModelInferResponse.Types.InferOutputTensor { Name = output.Name, Datatype = output.Type.Name(), Shape = { output.Shape } }) },
        RawOutputContents = { outputs.Select(static output => ByteString.CopyFrom(output.Bytes)) },
    };

    private sealed class BrokenContext : SerializationContext
    {
        public override void SetPayloadLength(int payloadLength) => throw new IOException("the connection is gone");
    }
}
