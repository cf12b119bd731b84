using Grpc.Core;
using GrpcServing.Protos;
using static GrpcServing.IntegrationTests.Endpoints.TestRepositoryServer;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>What a caller sees for every kind of bad request: code and the stable part of the message.</summary>
public sealed class ErrorTableTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    private static readonly byte[] FourFloats = new byte[16];

    public static TheoryData<string, StatusCode, string> Cases => new()
    {
        { "unknown model", StatusCode.NotFound, "Request for unknown model: 'foo' is not found" },
        { "model with a slash", StatusCode.NotFound, "Request for unknown model: '../add_sub' is not found" },
        { "unknown version", StatusCode.NotFound, "Request for unknown model: 'add_sub' version 99 is not found" },
        { "version not a number", StatusCode.InvalidArgument, "failed to get model version from specified version string 'one'" },
        { "negative version", StatusCode.InvalidArgument, "invalid model version -1" },
        { "wrong shape", StatusCode.InvalidArgument, "unexpected shape for input 'INPUT0' for model 'add_sub'. Expected [-1,4], got [1,5]. NOTE: " },
        { "wrong rank", StatusCode.InvalidArgument, "unexpected shape for input 'INPUT0' for model 'add_sub'. Expected [-1,4], got [4]. NOTE: " },
        { "batch too large", StatusCode.InvalidArgument, "inference request batch-size must be <= 64 for 'add_sub'" },
        { "no rows", StatusCode.InvalidArgument, "batch dimension must be at least 1 for input 'INPUT0' for model 'add_sub'" },
        { "unequal batch", StatusCode.InvalidArgument, "input 'INPUT1' batch size does not match other inputs" },
        { "wrong datatype", StatusCode.InvalidArgument, "inference input 'INPUT0' data-type is 'INT32', but model 'add_sub' expects 'FP32'" },
        { "missing input", StatusCode.InvalidArgument, "expected 2 inputs but got 1 inputs for model 'add_sub'. Got input(s) ['INPUT0'], but missing required input(s) ['INPUT1']. Please provide all required input(s)." },
        { "empty request", StatusCode.InvalidArgument, "expected 2 inputs but got 0 inputs for model 'add_sub'." },
        { "unknown input", StatusCode.InvalidArgument, "unexpected inference input 'INPUT9' for model 'add_sub'" },
        { "unknown output", StatusCode.InvalidArgument, "unexpected inference output 'MEAN' for model 'add_sub'" },
        { "output twice", StatusCode.InvalidArgument, "output 'SUM' was requested more than once for model 'add_sub'" },
        { "raw size", StatusCode.InvalidArgument, "input byte size mismatch for input 'INPUT0' for model 'add_sub'. Expected 16, got 12" },
        { "too few strings", StatusCode.InvalidArgument, "expected 2 string elements for inference input 'INPUT0'" },
        { "truncated string", StatusCode.InvalidArgument, "incomplete string data for inference input 'INPUT0'" },
        { "truncated string length", StatusCode.InvalidArgument, "incomplete string length indicator for inference input 'INPUT0'" },
        { "elements overflow", StatusCode.InvalidArgument, "causes total element count to exceed maximum size" },
        { "bytes overflow", StatusCode.InvalidArgument, "byte size overflow for input 'x' for model 'large'" },
        { "claims a gigabyte", StatusCode.InvalidArgument, "input byte size mismatch for input 'x' for model 'large'. Expected 1073741824, got 4" },
        { "open dimension", StatusCode.InvalidArgument, "All input dimensions should be specified for input 'INPUT0'" },
        { "negative dimension", StatusCode.InvalidArgument, "tensor 'INPUT0' contains an invalid dimension -7" },
        { "typed and raw", StatusCode.InvalidArgument, "contents field must not be specified when using raw_input_contents for 'INPUT0' for model 'add_sub'" },
        { "no data", StatusCode.InvalidArgument, "unable to find data for input tensor 'INPUT1' for model 'add_sub' in request." },
        { "wrong typed field", StatusCode.InvalidArgument, "unexpected explicit tensor data for input tensor 'INPUT0' for model 'add_sub' of type 'INT32', expected datatype 'FP32'" },
        { "value out of range", StatusCode.InvalidArgument, "input 'INPUT0' for model 'identity_int8' has the value 300 in int_contents[0], which INT8 cannot hold: expected -128 to 127" },
        { "sequence", StatusCode.InvalidArgument, "parameter 'sequence_id' for model 'add_sub' is int64 7, but stateful models" },
        { "reserved parameter", StatusCode.InvalidArgument, "parameter 'triton_secret' for model 'add_sub'" },
        { "shared memory", StatusCode.Unimplemented, "refers to shared memory" },
        { "run fails", StatusCode.Internal, "Running model 'poison' version 1 failed: " },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task ModelInfer_BadRequest_SaysWhatIsWrong(string name, StatusCode code, string message)
    {
        var failure = await models.FailsAsync(Bad(name));

        Assert.Equal(code, failure.StatusCode);
        Assert.Contains(message, failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModelInfer_BadRequestWithId_BeginsWithTheId()
    {
        var request = Bad("wrong shape");
        request.Id = "call-42";

        var failure = await models.FailsAsync(request);

        Assert.StartsWith("[request id: call-42] unexpected shape", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModelInfer_BytesThatAreNoMessage_IsInvalidArgument()
    {
        var raw = Marshallers.Create(static bytes => bytes, static bytes => bytes);
        var method = new Method<byte[], byte[]>(MethodType.Unary, "inference.GRPCInferenceService", "ModelInfer", raw, raw);
        foreach (var bytes in new byte[][] { [0x0A, 0xFF], [0x0A, 0x05, 1], [0xFF, 0xFF, 0xFF, 0xFF], [0x0B], [0x2A, 0x80, 0x80, 0x80, 0x80, 0x04] })
        {
            var failure = await Assert.ThrowsAsync<RpcException>(async () => await models.Server.Channel.CreateCallInvoker().AsyncUnaryCall(method, null, new CallOptions(), bytes));

            Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
        }
        await models.Server.Client.ModelInferAsync(Good());
    }

    [Fact]
    public async Task ModelInfer_MessageBeyondTheLimit_IsResourceExhausted()
    {
        var failure = await models.FailsAsync(Request("large", ("x", "FP32", [1, 17 << 20], new byte[68 << 20])));

        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
    }

    private static ModelInferRequest Bad(string name)
    {
        var input = ("INPUT0", "FP32", new long[] { 1, 4 }, FourFloats);
        var other = ("INPUT1", "FP32", new long[] { 1, 4 }, FourFloats);
        var good = Request("add_sub", input, other);
        switch (name)
        {
            case "unknown model": return Request("foo", input);
            case "model with a slash": return Request("../add_sub", input);
            case "unknown version": good.ModelVersion = "99"; return good;
            case "version not a number": good.ModelVersion = "one"; return good;
            case "negative version": good.ModelVersion = "-1"; return good;
            case "wrong shape": return Request("add_sub", ("INPUT0", "FP32", [1, 5], new byte[20]), other);
            case "wrong rank": return Request("add_sub", ("INPUT0", "FP32", [4], FourFloats), other);
            case "batch too large": return Request("add_sub", ("INPUT0", "FP32", [65, 4], new byte[65 * 16]), ("INPUT1", "FP32", [65, 4], new byte[65 * 16]));
            case "no rows": return Request("add_sub", ("INPUT0", "FP32", [0, 4], []), ("INPUT1", "FP32", [0, 4], []));
            case "unequal batch": return Request("add_sub", input, ("INPUT1", "FP32", [2, 4], new byte[32]));
            case "wrong datatype": return Request("add_sub", ("INPUT0", "INT32", [1, 4], FourFloats), other);
            case "missing input": return Request("add_sub", input);
            case "empty request": return Request("add_sub");
            case "unknown input": return Request("add_sub", input, ("INPUT9", "FP32", [1, 4], FourFloats));
            case "unknown output": good.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "MEAN" }); return good;
            case "output twice":
                good.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "SUM" });
                good.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "SUM" });
                return good;
            case "raw size": return Request("add_sub", ("INPUT0", "FP32", [1, 4], new byte[12]), other);
            case "too few strings": return Request("identity_string", ("INPUT0", "BYTES", [1, 2], [1, 0, 0, 0, 65]));
            case "truncated string": return Request("identity_string", ("INPUT0", "BYTES", [1, 1], [9, 0, 0, 0, 65]));
            case "truncated string length": return Request("identity_string", ("INPUT0", "BYTES", [1, 1], [9, 0]));
            case "elements overflow": return Request("identity_fp32", ("INPUT0", "FP32", [64, long.MaxValue], FourFloats));
            case "bytes overflow": return Request("large", ("x", "FP32", [1, long.MaxValue / 2], new byte[4]));
            case "claims a gigabyte": return Request("large", ("x", "FP32", [1, 1 << 28], new byte[4]));
            case "open dimension": return Request("add_sub", ("INPUT0", "FP32", [1, -1], FourFloats), other);
            case "negative dimension": return Request("add_sub", ("INPUT0", "FP32", [1, -7], FourFloats), other);
            case "typed and raw": good.Inputs[0].Contents = new InferTensorContents { Fp32Contents = { 1, 2, 3, 4 } }; return good;
            case "no data": good.RawInputContents.RemoveAt(1); return good;
            case "wrong typed field":
                good.RawInputContents.Clear();
                foreach (var tensor in good.Inputs) tensor.Contents = new InferTensorContents { IntContents = { 1, 2, 3, 4 } };
                return good;
            case "value out of range":
                var narrow = new ModelInferRequest { ModelName = "identity_int8" };
                narrow.Inputs.Add(new ModelInferRequest.Types.InferInputTensor { Name = "INPUT0", Datatype = "INT8", Shape = { 1, 1 }, Contents = new InferTensorContents { IntContents = { 300 } } });
                return narrow;
            case "sequence": good.Parameters["sequence_id"] = new InferParameter { Int64Param = 7 }; return good;
            case "reserved parameter": good.Parameters["triton_secret"] = new InferParameter { BoolParam = true }; return good;
            case "shared memory": good.Inputs[0].Parameters["shared_memory_region"] = new InferParameter { StringParam = "region" }; return good;
            case "run fails": return Request("poison", ("x", "FP32", [1, 4], Bytes(99f, 0f, 0f, 0f)));
            default: throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such case.");
        }
    }
}
