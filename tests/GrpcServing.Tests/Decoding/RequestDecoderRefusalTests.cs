using Google.Protobuf;
using GrpcServing.Models;
using GrpcServing.Protos;
using static GrpcServing.Tests.Decoding.DecoderHarness;

namespace GrpcServing.Tests.Decoding;

/// <summary>Every refusal of a decoder, by its text: clients and dashboards match the beginning of it.</summary>
public sealed class RequestDecoderRefusalTests : IDisposable
{
    private static readonly ModelSpec Two = Spec(
        8, [Tensor("a", TensorDataType.Fp32, 4), Tensor("b", TensorDataType.Int32, -1, 2)], Tensor("y", TensorDataType.Fp32, 3), Tensor("s", TensorDataType.Bytes, 1));

    private static readonly ModelSpec Whole = Spec(0, [Tensor("a", TensorDataType.Fp32, -1, 4)], Tensor("y", TensorDataType.Fp32, -1));

    private readonly DecoderHarness _harness = new();

    public void Dispose() => _harness.Dispose();

    [Fact]
    public void TryDecode_InputMissing_NamesIt() => _harness.Refuses(
        Request(Input("a", "FP32", 1, 4)),
        Two,
        "expected 2 inputs but got 1 inputs for model 'm'. Got input(s) ['a'], but missing required input(s) ['b']. Please provide all required input(s).");

    [Fact]
    public void TryDecode_NoInputs_NamesAll() => _harness.Refuses(
        Request(),
        Two,
        "expected 2 inputs but got 0 inputs for model 'm'. Got input(s) [], but missing required input(s) ['a','b']. Please provide all required input(s).");

    [Fact]
    public void TryDecode_InputTooMany_NamesAll() => _harness.Refuses(
        Request(Input("a", "FP32", 1, 4), Input("b", "INT32", 1, 1, 2), Input("c", "INT32", 1)),
        Two,
        "expected 2 inputs but got 3 inputs for model 'm'. Got input(s) ['a','b','c'], but missing required input(s) []. Please provide all required input(s).");

    [Fact]
    public void TryDecode_InputUnknown_NamesIt() => _harness.Refuses(
        Raw(Request(Input("a", "FP32", 1, 4), Input("c", "INT32", 1, 1, 2)), 16, 8),
        Two,
        "unexpected inference input 'c' for model 'm'. The model's inputs are ['a','b'].");

    [Fact]
    public void TryDecode_InputTwice_NamesIt()
    {
        const string text = "input 'a' was given more than once for model 'm'. Give every input once.";

        _harness.Refuses(Raw(Request(Input("a", "FP32", 1, 4), Input("a", "FP32", 1, 4)), 16, 16), Two, text);
        _harness.Refuses(Request(Input("a", "FP32", 1, 4), Input("b", "INT32", 1, 1, 2), Input("a", "FP32", 1, 4)), Two, text);
    }

    [Fact]
    public void TryDecode_OutputUnknown_NamesIt() => _harness.Refuses(
        Outputs(Fitting(), "z"), Two, "unexpected inference output 'z' for model 'm'. The model's outputs are ['y','s'].");

    [Fact]
    public void TryDecode_OutputTwice_NamesIt()
    {
        const string text = "output 'y' was requested more than once for model 'm'. Request every output once.";

        _harness.Refuses(Outputs(Fitting(), "y", "y"), Two, text);
        _harness.Refuses(Outputs(Fitting(), "s", "y", "y"), Two, text);
    }

    [Fact]
    public void TryDecode_OtherDatatype_NamesBoth() => _harness.Refuses(
        Raw(Request(Input("a", "INT32", 1, 4), Input("b", "INT32", 1, 1, 2)), 16, 8),
        Two,
        "inference input 'a' data-type is 'INT32', but model 'm' expects 'FP32'");

    [Fact]
    public void TryDecode_UnknownDatatype_NamesIt() => _harness.Refuses(
        Raw(Request(Input("a", "fp32", 1, 4), Input("b", "INT32", 1, 1, 2)), 16, 8),
        Two,
        "inference input 'a' data-type is 'fp32', but model 'm' expects 'FP32'");

    [Theory]
    [InlineData(new long[] { 1, 5 }, "[1,5]")]
    [InlineData(new long[] { 4 }, "[4]")]
    [InlineData(new long[] { }, "[]")]
    [InlineData(new long[] { 1, 4, 1 }, "[1,4,1]")]
    public void TryDecode_OtherShape_SaysBoth(long[] shape, string got) => _harness.Refuses(
        Raw(Request(Input("a", "FP32", shape), Input("b", "INT32", 1, 1, 2)), 16, 8),
        Two,
        $"unexpected shape for input 'a' for model 'm'. Expected [-1,4], got {got}. NOTE: The first dimension counts rows, 1 to 8 in one request. -1 takes any size.");

    [Fact]
    public void TryDecode_OtherShapeWithoutBatchAxis_SaysBoth() => _harness.Refuses(
        Raw(Request(Input("a", "FP32", 4)), 16),
        Whole,
        "unexpected shape for input 'a' for model 'm'. Expected [-1,4], got [4]. NOTE: The model has no batch dimension: give the shape whole. -1 takes any size.");

    [Fact]
    public void TryDecode_TooManyRows_SaysLimit() => _harness.Refuses(
        Raw(Request(Input("a", "FP32", 9, 4), Input("b", "INT32", 9, 1, 2)), 144, 72),
        Two,
        "inference request batch-size must be <= 8 for 'm', got 9. Split the rows over several requests.");

    [Fact]
    public void TryDecode_NoRows_SaysSo() => _harness.Refuses(
        Raw(Request(Input("a", "FP32", 0, 4), Input("b", "INT32", 0, 1, 2)), 0, 0),
        Two,
        "batch dimension must be at least 1 for input 'a' for model 'm', got shape [0,4]");

    [Fact]
    public void TryDecode_UnequalRows_NamesInput() => _harness.Refuses(
        Raw(Request(Input("a", "FP32", 2, 4), Input("b", "INT32", 1, 1, 2)), 32, 8),
        Two,
        "input 'b' batch size does not match other inputs for 'm': its first dimension is 1, that of the inputs before it 2");

    [Fact]
    public void TryDecode_OpenDimension_SaysSo() => _harness.Refuses(
        Raw(Request(Input("a", "FP32", 1, 4), Input("b", "INT32", 1, -1, 2)), 16, 8),
        Two,
        "All input dimensions should be specified for input 'b' for model 'm', got [1,-1,2]");

    [Fact]
    public void TryDecode_NegativeDimension_SaysSo() => _harness.Refuses(
        Raw(Request(Input("a", "FP32", 1, 4), Input("b", "INT32", 1, -7, 2)), 16, 8),
        Two,
        "tensor 'b' contains an invalid dimension -7 in shape [1,-7,2] for model 'm'. Dimensions are 0 or more.");

    [Fact]
    public void TryDecode_RawOfOtherSize_SaysBoth() => _harness.Refuses(
        Raw(Request(Input("a", "FP32", 2, 4), Input("b", "INT32", 2, 1, 2)), 40, 16),
        Two,
        "input byte size mismatch for input 'a' for model 'm'. Expected 32, got 40 (shape [2,4] of FP32)");

    [Fact]
    public void TryDecode_TypedOfOtherCount_SaysBoth() => _harness.Refuses(
        Request(
            Typed("a", "FP32", new InferTensorContents { Fp32Contents = { 1, 2, 3, 4, 5 } }, 1, 4),
            Typed("b", "INT32", new InferTensorContents { IntContents = { 1, 2 } }, 1, 1, 2)),
        Two,
        "input byte size mismatch for input 'a' for model 'm'. Expected 16, got 20 (shape [1,4] of FP32)");

    [Fact]
    public void TryDecode_ElementCountOverflows_SaysSo() => _harness.Refuses(
        Raw(Request(Input("a", "FP32", long.MaxValue, 4)), 16),
        Whole,
        "shape [9223372036854775807,4] of input 'a' for model 'm' causes total element count to exceed maximum size of 9223372036854775807");

    [Fact]
    public void TryDecode_ByteCountOverflows_SaysSo() => _harness.Refuses(
        Raw(Request(Input("a", "FP32", 1L << 60, 4)), 16),
        Whole,
        "byte size overflow for input 'a' for model 'm': shape [1152921504606846976,4] of FP32 is larger than any tensor can be");

    [Fact]
    public void TryDecode_ShapeClaimsAGigabyte_IsAMismatch() => _harness.Refuses(
        Raw(Request(Input("a", "FP32", 1L << 28, 4)), 16),
        Whole,
        "input byte size mismatch for input 'a' for model 'm'. Expected 4294967296, got 16 (shape [268435456,4] of FP32)");

    [Fact]
    public void TryDecode_TypedAndRaw_NamesInput() => _harness.Refuses(
        Raw(Request(Typed("a", "FP32", new InferTensorContents { Fp32Contents = { 1, 2, 3, 4 } }, 1, 4), Input("b", "INT32", 1, 1, 2)), 16, 8),
        Two,
        "contents field must not be specified when using raw_input_contents for 'a' for model 'm'");

    [Fact]
    public void TryDecode_NoElements_NamesInput()
    {
        _harness.Refuses(Request(Input("a", "FP32", 1, 4), Input("b", "INT32", 1, 1, 2)), Two, "unable to find data for input tensor 'a' for model 'm' in request.");
        _harness.Refuses(Raw(Request(Input("a", "FP32", 1, 4), Input("b", "INT32", 1, 1, 2)), 16), Two, "unable to find data for input tensor 'b' for model 'm' in request.");
    }

    [Fact]
    public void TryDecode_WrongTypedField_NamesBoth() => _harness.Refuses(
        Request(Typed("a", "FP32", new InferTensorContents { IntContents = { 1, 2, 3, 4 } }, 1, 4), Input("b", "INT32", 1, 1, 2)),
        Two,
        "unexpected explicit tensor data for input tensor 'a' for model 'm' of type 'INT32', expected datatype 'FP32'.");

    [Fact]
    public void TryDecode_TwoTypedFields_NamesTheWrongOne() => _harness.Refuses(
        Request(Typed("a", "FP32", new InferTensorContents { Fp32Contents = { 1, 2, 3, 4 }, Int64Contents = { 1 } }, 1, 4), Input("b", "INT32", 1, 1, 2)),
        Two,
        "unexpected explicit tensor data for input tensor 'a' for model 'm' of type 'INT64', expected datatype 'FP32'.");

    [Theory]
    [InlineData(TensorDataType.Fp16, "FP16")]
    [InlineData(TensorDataType.Bf16, "BF16")]
    public void TryDecode_TypedHalf_SaysHow(TensorDataType type, string name) => _harness.Refuses(
        Request(Typed("x", name, new InferTensorContents { Fp32Contents = { 1 } }, 1, 1)),
        Spec(1, [Tensor("x", type, 1)]),
        $"unexpected explicit tensor data for input tensor 'x' for model 'm' of type 'FP32', expected datatype '{name}'. Send this datatype in raw_input_contents.");

    [Theory]
    [InlineData(TensorDataType.Int8, 128, "-128 to 127")]
    [InlineData(TensorDataType.Int8, -129, "-128 to 127")]
    [InlineData(TensorDataType.Int16, 32768, "-32768 to 32767")]
    [InlineData(TensorDataType.Int16, -32769, "-32768 to 32767")]
    public void TryDecode_IntOutOfRange_NamesElement(TensorDataType type, int value, string range) => _harness.Refuses(
        Request(Typed("x", type.Name(), new InferTensorContents { IntContents = { 1, value } }, 1, 2)),
        Spec(1, [Tensor("x", type, 2)]),
        $"input 'x' for model 'm' has the value {value} in int_contents[1], which {type.Name()} cannot hold: expected {range}");

    [Theory]
    [InlineData(TensorDataType.UInt8, 256, "0 to 255")]
    [InlineData(TensorDataType.UInt16, 65536, "0 to 65535")]
    [InlineData(TensorDataType.UInt16, 4294967295, "0 to 65535")]
    public void TryDecode_UIntOutOfRange_NamesElement(TensorDataType type, uint value, string range) => _harness.Refuses(
        Request(Typed("x", type.Name(), new InferTensorContents { UintContents = { value } }, 1, 1)),
        Spec(1, [Tensor("x", type, 1)]),
        $"input 'x' for model 'm' has the value {value} in uint_contents[0], which {type.Name()} cannot hold: expected {range}");

    [Fact]
    public void TryDecode_RawBoolOfTwo_NamesElement() => _harness.Refuses(
        RawBytes(Request(Input("x", "BOOL", 1, 3)), [0, 1, 2]),
        Spec(1, [Tensor("x", TensorDataType.Bool, 3)]),
        "input 'x' for model 'm' has the byte 2 as BOOL element 2, expected 0 or 1");

    [Fact]
    public void TryDecode_TooFewStrings_SaysBoth() => _harness.Refuses(
        RawBytes(Request(Input("x", "BYTES", 1, 2)), RawForm.Strings([1, 2])), Strings, "expected 2 string elements for inference input 'x' for model 'm', got 1");

    [Fact]
    public void TryDecode_TooManyStrings_SaysBoth() => _harness.Refuses(
        RawBytes(Request(Input("x", "BYTES", 1, 2)), RawForm.Strings([1], [2], [3])),
        Strings,
        "unexpected number of string elements for inference input 'x' for model 'm', expecting 2, got 5 more bytes after them");

    [Fact]
    public void TryDecode_TooManyTypedStrings_SaysBoth() => _harness.Refuses(
        Request(Typed("x", "BYTES", new InferTensorContents { BytesContents = { ByteString.Empty, ByteString.Empty, ByteString.Empty } }, 1, 2)),
        Strings,
        "unexpected number of string elements for inference input 'x' for model 'm', expecting 2, got 4 more bytes after them");

    [Fact]
    public void TryDecode_StringLengthCut_SaysWhere() => _harness.Refuses(
        RawBytes(Request(Input("x", "BYTES", 1, 2)), [.. RawForm.Strings([1]), 9, 0]),
        Strings,
        "incomplete string length indicator for inference input 'x' for model 'm', element 1: expecting 4 bytes but only 2 available");

    [Fact]
    public void TryDecode_StringCut_SaysWhere() => _harness.Refuses(
        RawBytes(Request(Input("x", "BYTES", 1, 2)), [.. RawForm.Strings([1]), 255, 255, 255, 255, 7]),
        Strings,
        "incomplete string data for inference input 'x' for model 'm', element 1: expecting string of length 4294967295 but only 1 bytes available");

    [Fact]
    public void TryDecode_RequestHasId_BeginsWithIt()
    {
        var request = Request();
        request.Id = "q-7";

        Assert.StartsWith("[request id: q-7] expected 2 inputs but got 0 inputs for model 'm'.", _harness.Refuse(request, Two).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryDecode_EndlessNames_AreClipped()
    {
        var request = Request([.. Enumerable.Range(0, 100).Select(static i => Input(new string('n', 1000) + i, "FP32", 1))]);
        request.Id = new string('i', 100_000);

        Assert.InRange(_harness.Refuse(request, Two).Message.Length, 100, 3_000);
    }

    private static ModelSpec Strings { get; } = Spec(1, [Tensor("x", TensorDataType.Bytes, 2)]);

    private static ModelInferRequest Fitting() => Raw(Request(Input("a", "FP32", 1, 4), Input("b", "INT32", 1, 1, 2)), 16, 8);

    private static ModelInferRequest Outputs(ModelInferRequest request, params string[] names)
    {
        request.Outputs.Add(names.Select(static name => new ModelInferRequest.Types.InferRequestedOutputTensor { Name = name }));
        return request;
    }

    private static ModelInferRequest Raw(ModelInferRequest request, params int[] sizes)
    {
        request.RawInputContents.Add(sizes.Select(static size => ByteString.CopyFrom(new byte[size])));
        return request;
    }

    private static ModelInferRequest RawBytes(ModelInferRequest request, byte[] bytes)
    {
        request.RawInputContents.Add(ByteString.CopyFrom(bytes));
        return request;
    }
}
