using CsCheck;
using Google.Protobuf;
using GrpcServing.Decoding;
using GrpcServing.Models;
using GrpcServing.Protos;
using GrpcServing.Routing;
using static GrpcServing.Tests.Decoding.DecoderHarness;

namespace GrpcServing.Tests.Decoding;

public sealed class RequestDecoderTests : IDisposable
{
    private readonly DecoderHarness _harness = new();

    public void Dispose() => _harness.Dispose();

    [Fact]
    public void TryDecode_InputsInOtherOrder_AreInTheModelsOrder()
    {
        var spec = Spec(4, [Tensor("a", TensorDataType.UInt8, 1), Tensor("b", TensorDataType.UInt8, 2)]);
        var request = Request(Input("b", "UINT8", 2, 2), Input("a", "UINT8", 2, 1));
        request.RawInputContents.Add([ByteString.CopyFrom(1, 2, 3, 4), ByteString.CopyFrom(8, 9), ByteString.CopyFrom(77)]);

        var (rows, a, b) = _harness.Accept(request, spec, static decoded => (decoded.Rows, decoded.Input(0).ToArray(), decoded.Input(1).ToArray()));

        Assert.Equal(2, rows);
        Assert.Equal([8, 9], a);
        Assert.Equal([1, 2, 3, 4], b);
    }

    [Fact]
    public void TryDecode_OpenDimensions_SameShapeIsSameBucket()
    {
        var spec = Spec(4, [Tensor("a", TensorDataType.UInt8, -1), Tensor("b", TensorDataType.UInt8, -1, 2)]);
        var request = Request(Input("b", "UINT8", 1, 1, 2), Input("a", "UINT8", 1, 3));
        request.RawInputContents.Add([ByteString.CopyFrom(1, 2), ByteString.CopyFrom(7, 8, 9)]);

        var dims = _harness.Accept(request, spec, static decoded => decoded.Bucket.RowDims);

        Assert.Equal<long[]>([[3], [1, 2]], dims);
    }

    [Fact]
    public void TryDecode_NoBatchAxis_IsOneRowOfTheWholeShape()
    {
        var spec = Spec(0, [Tensor("a", TensorDataType.UInt8, -1, 2)]);
        var request = Request(Input("a", "UINT8", 3, 2));
        request.RawInputContents.Add(ByteString.CopyFrom(new byte[6]));

        var (rows, dims) = _harness.Accept(request, spec, static decoded => (decoded.Rows, decoded.Bucket.RowDims));

        Assert.Equal(1, rows);
        Assert.Equal<long[]>([[3, 2]], dims);
    }

    [Fact]
    public void TryDecode_EmptyRows_AreLegal()
    {
        var spec = Spec(4, [Tensor("a", TensorDataType.Int64, -1), Tensor("s", TensorDataType.Bytes, -1)]);
        var raw = Request(Input("a", "INT64", 2, 0), Input("s", "BYTES", 2, 0));
        raw.RawInputContents.Add([ByteString.Empty, ByteString.Empty]);
        var typed = Request(Typed("a", "INT64", new InferTensorContents(), 2, 0), Typed("s", "BYTES", new InferTensorContents(), 2, 0));

        foreach (var request in new[] { raw, typed })
            Assert.Equal((2, 0), _harness.Accept(request, spec, static decoded => (decoded.Rows, decoded.InputBytes)));
    }

    [Fact]
    public void TryDecode_Scalar_HoldsOneElement()
    {
        var spec = Spec(0, [Tensor("a", TensorDataType.UInt8)]);
        var request = Request(Input("a", "UINT8"));
        request.RawInputContents.Add(ByteString.CopyFrom(5));

        Assert.Equal([5], _harness.Accept(request, spec, static decoded => decoded.Input(0).ToArray()));
    }

    [Fact]
    public void TryDecode_NoInputsInModel_HasABody() =>
        Assert.Equal(0, _harness.Accept(Request(), Spec(0, []), static decoded => decoded.Body is null ? -1 : decoded.InputBytes));

    [Theory]
    [InlineData(new string[0], new int[0])]
    [InlineData(new[] { "y", "z" }, new int[0])]
    [InlineData(new[] { "z", "y" }, new[] { 1, 0 })]
    [InlineData(new[] { "z" }, new[] { 1 })]
    public void TryDecode_Outputs_AreInTheOrderAsked(string[] asked, int[] expected)
    {
        var request = Request();
        request.Outputs.Add(asked.Select(static name => new ModelInferRequest.Types.InferRequestedOutputTensor { Name = name }));
        var spec = Spec(0, [], Tensor("y", TensorDataType.Fp32, 1), Tensor("z", TensorDataType.Fp32, 1));

        Assert.Equal(expected.Select(static output => new RequestedOutput(output, 0)), _harness.Accept(request, spec, static decoded => decoded.Outputs.ToArray()));
    }

    [Fact]
    public void TryDecode_RestFillsARequest_NeedsNoProtobuf()
    {
        var spec = Spec(4, [Tensor("a", TensorDataType.Int16, 2)]);
        var request = UncheckedRequest.Rent(_harness.Pool);
        request.ModelName = "m";
        ref var input = ref request.AddInput();
        input.Name = "a";
        input.Datatype = "INT16";
        input.Contents = ContentsFields.Raw;
        Assert.True(request.TryAddDimension(1) && request.TryAddDimension(2));
        Assert.True(request.TryExtend(4, out var region));
        RawForm.Bytes<short>(-1, 258).CopyTo(region);
        input.Elements = new BodySlice(0, 4);

        Assert.True(RequestDecoder.TryDecode(request, spec, new GrpcServing.Execution.ShapeTable(spec), keepParameters: false, out var decoded, out var error), error.Message);
        request.Release();

        Assert.Equal(RawForm.Bytes<short>(-1, 258), decoded.Input(0).ToArray());
        decoded.Release();
    }

    /// <summary>Law: the same elements, sent in the field of their datatype or raw, decode to the same bytes.</summary>
    [Fact]
    public void TryDecode_TypedAndRaw_AgreeBitForBit() =>
        Gen.Select(Gen.OneOf([.. Enum.GetValues<TensorDataType>().Where(IsTyped).Select(Gen.Const)]), Gen.Long.Array[0, 20], Gen.Double.Array[0, 20]).Sample(
            (type, integers, numbers) =>
            {
                var (contents, raw, count) = TypedElements.Of(type, integers, numbers);
                var spec = Spec(0, [Tensor("x", type, -1)]);
                var typed = Request(Typed("x", type.Name(), contents, count));
                var untyped = Request(Input("x", type.Name(), count));
                untyped.RawInputContents.Add(ByteString.CopyFrom(raw));

                Assert.Equal(raw, _harness.Accept(typed, spec, static decoded => decoded.Input(0).ToArray()));
                Assert.Equal(raw, _harness.Accept(untyped, spec, static decoded => decoded.Input(0).ToArray()));
            },
            iter: 3_000);

    private static bool IsTyped(TensorDataType type) => type is not (TensorDataType.Fp16 or TensorDataType.Bf16);
}
