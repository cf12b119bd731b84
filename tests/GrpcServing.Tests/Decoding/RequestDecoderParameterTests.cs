using Google.Protobuf;
using GrpcServing.Models;
using GrpcServing.Protos;
using GrpcServing.Routing;
using static GrpcServing.Tests.Decoding.DecoderHarness;

namespace GrpcServing.Tests.Decoding;

public sealed class RequestDecoderParameterTests : IDisposable
{
    private static readonly ModelSpec Model = Spec(
        4,
        [Tensor("x", TensorDataType.UInt8, 2)],
        Tensor("y", TensorDataType.Fp32, 3),
        Tensor("s", TensorDataType.Bytes, 1),
        Tensor("p", TensorDataType.Bool, 1));

    private readonly DecoderHarness _harness = new();

    public void Dispose() => _harness.Dispose();

    [Fact]
    public void TryDecode_PriorityAndTimeout_AreRead()
    {
        Assert.Equal((3, 1500), Options(("priority", Of(3L)), ("timeout", Of(1500L))));
        Assert.Equal((3, 1500), Options(("priority", Of(3UL)), ("timeout", Of(1500UL))));
        Assert.Equal((int.MaxValue, long.MaxValue), Options(("priority", Of(ulong.MaxValue)), ("timeout", Of(ulong.MaxValue))));
        Assert.Equal((0, 0), Options());
    }

    [Fact]
    public void TryDecode_ClientsOwnParameters_AreIgnored() => Assert.Equal(
        (0, 0),
        Options(
            ("tenant", Of("a")), ("weight", Of(0.5)), ("big", Of(ulong.MaxValue)), ("binary_data_output", Of(true)), ("none", new InferParameter()),
            ("triton_enable_empty_final_response", Of(true)), ("sequence_id", Of(0L)), ("sequence_start", Of(false)), ("sequence_end", Of(false))));

    [Fact]
    public void TryDecode_PriorityOfOtherKind_SaysExpected()
    {
        Refuses("priority", Of(-1L), "parameter 'priority' for model 'm' is int64 -1, expected int64 or uint64 of 0 or more");
        Refuses("priority", Of("high"), "parameter 'priority' for model 'm' is string 'high', expected int64 or uint64 of 0 or more");
        Refuses("timeout", Of(1.5), "parameter 'timeout' for model 'm' is double 1.5, expected int64 or uint64 of 0 or more (microseconds)");
        Refuses("timeout", new InferParameter(), "parameter 'timeout' for model 'm' is no value, expected int64 or uint64 of 0 or more (microseconds)");
    }

    [Fact]
    public void TryDecode_Sequence_SaysNotServed()
    {
        const string end = ", but stateful models, which take sequences of requests, are not served. Leave the sequence parameters out.";

        Refuses("sequence_id", Of(7L), $"parameter 'sequence_id' for model 'm' is int64 7{end}");
        Refuses("sequence_id", Of("s"), $"parameter 'sequence_id' for model 'm' is string 's'{end}");
        Refuses("sequence_start", Of(true), $"parameter 'sequence_start' for model 'm' is bool true{end}");
        Refuses("sequence_end", Of(true), $"parameter 'sequence_end' for model 'm' is bool true{end}");
    }

    [Fact]
    public void TryDecode_ReservedParameter_NamesIt()
    {
        Refuses(
            "triton_x",
            Of(1L),
            "parameter 'triton_x' for model 'm': names that begin with 'triton_' are reserved, and only 'triton_enable_empty_final_response' is known");
        Refuses(
            "triton_enable_empty_final_response",
            Of(1L),
            "parameter 'triton_enable_empty_final_response' for model 'm' is int64 1, expected bool");
    }

    [Fact]
    public void TryDecode_SharedMemoryInput_IsUnsupported()
    {
        var request = Fitting();
        request.Inputs[0].Parameters.Add("shared_memory_region", Of("r"));

        var error = _harness.Refuse(request, Model);

        Assert.Equal(ErrorReason.Unsupported, error.Reason);
        Assert.Equal(
            "input 'x' for model 'm' refers to shared memory (parameter 'shared_memory_region'), which this server does not offer. Send and receive tensors in the messages.",
            error.Message);
    }

    [Fact]
    public void TryDecode_SharedMemoryOutput_IsUnsupported()
    {
        var error = _harness.Refuse(WithOutput("y", "shared_memory_byte_size", Of(64L)), Model);

        Assert.Equal(ErrorReason.Unsupported, error.Reason);
        Assert.StartsWith("output 'y' for model 'm' refers to shared memory (parameter 'shared_memory_byte_size')", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryDecode_BinaryDataParameters_AreIgnored()
    {
        var request = WithOutput("y", "binary_data", Of(true));
        request.Inputs[0].Parameters.Add("binary_data_size", Of(2L));

        Assert.Equal([new RequestedOutput(0, 0)], _harness.Accept(request, Model, static decoded => decoded.Outputs.ToArray()));
    }

    [Fact]
    public void TryDecode_Classification_IsRead()
    {
        Assert.Equal([new RequestedOutput(0, 2)], _harness.Accept(WithOutput("y", "classification", Of(2L)), Model, static decoded => decoded.Outputs.ToArray()));
        Assert.Equal(
            [new RequestedOutput(0, int.MaxValue)], _harness.Accept(WithOutput("y", "classification", Of(long.MaxValue)), Model, static decoded => decoded.Outputs.ToArray()));
    }

    [Fact]
    public void TryDecode_ClassificationOfNothing_SaysExpected()
    {
        const string text = "parameter 'classification' of output 'y' for model 'm' is {0}, expected int64 of 1 or more";

        _harness.Refuses(WithOutput("y", "classification", Of(0L)), Model, text.Replace("{0}", "int64 0", StringComparison.Ordinal));
        _harness.Refuses(WithOutput("y", "classification", Of(-3L)), Model, text.Replace("{0}", "int64 -3", StringComparison.Ordinal));
        _harness.Refuses(WithOutput("y", "classification", Of(true)), Model, text.Replace("{0}", "bool true", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("s", "BYTES")]
    [InlineData("p", "BOOL")]
    public void TryDecode_ClassificationOfText_SaysExpected(string output, string datatype) => _harness.Refuses(
        WithOutput(output, "classification", Of(1L)),
        Model,
        $"classification of output '{output}' for model 'm' is not possible: its datatype is {datatype}, expected a numeric one");

    private void Refuses(string name, InferParameter value, string text)
    {
        var request = Fitting();
        request.Parameters.Add(name, value);
        _harness.Refuses(request, Model, text);
    }

    private (int Priority, long Timeout) Options(params (string Name, InferParameter Value)[] parameters)
    {
        var request = Fitting();
        foreach (var (name, value) in parameters) request.Parameters.Add(name, value);
        return _harness.Accept(request, Model, static decoded => (decoded.Priority, decoded.TimeoutMicroseconds));
    }

    private static ModelInferRequest WithOutput(string output, string parameter, InferParameter value)
    {
        var request = Fitting();
        request.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = output, Parameters = { [parameter] = value } });
        return request;
    }

    private static ModelInferRequest Fitting()
    {
        var request = Request(Input("x", "UINT8", 1, 2));
        request.RawInputContents.Add(ByteString.CopyFrom(1, 2));
        return request;
    }

    private static InferParameter Of(bool value) => new() { BoolParam = value };

    private static InferParameter Of(long value) => new() { Int64Param = value };

    private static InferParameter Of(ulong value) => new() { Uint64Param = value };

    private static InferParameter Of(double value) => new() { DoubleParam = value };

    private static InferParameter Of(string value) => new() { StringParam = value };
}
