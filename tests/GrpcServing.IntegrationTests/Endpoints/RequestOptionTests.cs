using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;
using static GrpcServing.IntegrationTests.Endpoints.TestRepositoryServer;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>What else a request may carry: chosen outputs, classes, parameters; and that REST and gRPC answer alike.</summary>
public sealed class RequestOptionTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    [Fact]
    public async Task Outputs_AllInAnotherOrder_ComeAsAsked()
    {
        var request = AddSub();
        request.Outputs.Add(Output("DIFFERENCE"));
        request.Outputs.Add(Output("SUM"));

        var response = await models.Server.Client.InferAsync(request);

        Assert.Equal(["DIFFERENCE", "SUM"], response.Outputs.Select(static output => output.Name));
        Assert.Equal([9f, 18f, 27f, 36f], Values<float>(response.RawOutputContents[0]));
        Assert.Equal([11f, 22f, 33f, 44f], Values<float>(response.RawOutputContents[1]));
    }

    [Fact]
    public async Task Classification_WithoutLabelsBesideAPlainOutput_RanksOnlyThatOne()
    {
        var request = AddSub();
        request.Outputs.Add(Output("SUM", 9));
        request.Outputs.Add(Output("DIFFERENCE"));

        var response = await models.Server.Client.InferAsync(request);

        Assert.Equal(("BYTES", "FP32"), (response.Outputs[0].Datatype, response.Outputs[1].Datatype));
        Assert.Equal([1, 4], response.Outputs[0].Shape);
        Assert.Equal("44.000000:3 33.000000:2 22.000000:1 11.000000:0", string.Join(' ', Texts(response.RawOutputContents[0])));
        Assert.Equal([9f, 18f, 27f, 36f], Values<float>(response.RawOutputContents[1]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task Classification_OfNoClasses_IsRefused(int classes)
    {
        var request = AddSub();
        request.Outputs.Add(Output("SUM", classes));

        var failure = await models.FailsAsync(request);

        Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
        Assert.Contains($"parameter 'classification' of output 'SUM' for model 'add_sub' is int64 {classes}", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parameters_OfEveryKind_AreTakenOrIgnored()
    {
        var request = AddSub();
        request.Parameters["priority"] = new InferParameter { Int64Param = 0 };
        request.Parameters["timeout"] = new InferParameter { Uint64Param = ulong.MaxValue };
        request.Parameters["sequence_start"] = new InferParameter { BoolParam = false };
        request.Parameters["sequence_id"] = new InferParameter { Int64Param = 0 };
        request.Parameters["triton_enable_empty_final_response"] = new InferParameter { BoolParam = true };
        request.Parameters["bool"] = new InferParameter { BoolParam = true };
        request.Parameters["text"] = new InferParameter { StringParam = "t" };
        request.Parameters["count"] = new InferParameter { Uint64Param = 1 };
        request.Parameters["nothing"] = new InferParameter();
        request.Inputs[0].Parameters["mine"] = new InferParameter { DoubleParam = double.NaN };

        var response = await models.Server.Client.InferAsync(request);

        Assert.Equal(2, response.Outputs.Count);
    }

    [Theory]
    [InlineData("priority")]
    [InlineData("timeout")]
    public async Task Parameters_OfTheWrongKind_AreRefusedByName(string name)
    {
        foreach (var value in new[] { new InferParameter { Int64Param = -1 }, new InferParameter { StringParam = "1" }, new InferParameter { DoubleParam = 1 }, new InferParameter() })
        {
            var request = AddSub();
            request.Parameters[name] = value;

            var failure = await models.FailsAsync(request);

            Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
            Assert.StartsWith($"parameter '{name}' for model 'add_sub' is ", failure.Status.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Fp16AndBf16_Typed_AreRefusedWithAdvice()
    {
        foreach (var (model, datatype) in new[] { ("identity_fp16", "FP16"), ("identity_bf16", "BF16") })
        {
            var request = new ModelInferRequest { ModelName = model };
            request.Inputs.Add(new ModelInferRequest.Types.InferInputTensor { Name = "INPUT0", Datatype = datatype, Shape = { 1, 1 }, Contents = new InferTensorContents { Fp32Contents = { 1 } } });

            var failure = await models.FailsAsync(request);

            Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
            Assert.Contains("Send this datatype in raw_input_contents", failure.Status.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Rest_AnyNumbers_AnswersAsGrpc()
    {
        var random = new Random(5);
        var values = Enumerable.Range(0, 400).Select(_ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue))).Where(float.IsFinite).Take(300).ToArray();
        var json = $$"""{"inputs": [{"name": "INPUT0", "shape": [3, 100], "datatype": "FP32", "data": {{JsonSerializer.Serialize(values)}}}]}""";

        var grpc = await models.Server.Client.InferAsync(Request("identity_fp32", ("INPUT0", "FP32", [3, 100], Bytes(values))));
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await models.Server.Http.PostAsync("/v2/models/identity_fp32/infer", body);
        var output = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("outputs")[0];

        Assert.Equal(Values<int>(grpc.RawOutputContents[0]), output.GetProperty("data").EnumerateArray().Select(static value => BitConverter.SingleToInt32Bits(value.GetSingle())));
        Assert.Equal(grpc.Outputs[0].Shape, output.GetProperty("shape").EnumerateArray().Select(static value => value.GetInt64()));
    }

    [Fact]
    public async Task SharedMemory_EveryCall_IsUnimplemented()
    {
        var client = models.Server.Client;
        foreach (var call in new Func<Task>[]
        {
            async () => await client.SystemSharedMemoryStatusAsync(new SystemSharedMemoryStatusRequest()),
            async () => await client.SystemSharedMemoryRegisterAsync(new SystemSharedMemoryRegisterRequest()),
            async () => await client.SystemSharedMemoryUnregisterAsync(new SystemSharedMemoryUnregisterRequest()),
            async () => await client.CudaSharedMemoryStatusAsync(new CudaSharedMemoryStatusRequest()),
            async () => await client.CudaSharedMemoryRegisterAsync(new CudaSharedMemoryRegisterRequest()),
            async () => await client.CudaSharedMemoryUnregisterAsync(new CudaSharedMemoryUnregisterRequest()),
        })
        {
            Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(call)).StatusCode);
        }
    }

    [Fact]
    public async Task Health_Names_AreServerServiceModelAndVersion()
    {
        var health = new Health.HealthClient(models.Server.Channel);
        foreach (var name in new[] { "", "inference.GRPCInferenceService", "versions", "versions/2" })
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest { Service = name })).Status);

        using var leaving = new CancellationTokenSource();
        using var watch = health.Watch(new HealthCheckRequest { Service = "nope" }, cancellationToken: leaving.Token);
        Assert.True(await watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.ServiceUnknown, watch.ResponseStream.Current.Status);
        await leaving.CancelAsync();
    }

    private static ModelInferRequest AddSub() => Request("add_sub", ("INPUT0", "FP32", [1, 4], Bytes(10f, 20f, 30f, 40f)), ("INPUT1", "FP32", [1, 4], Bytes(1f, 2f, 3f, 4f)));

    private static ModelInferRequest.Types.InferRequestedOutputTensor Output(string name, int? classes = null)
    {
        var output = new ModelInferRequest.Types.InferRequestedOutputTensor { Name = name };
        if (classes is { } count) output.Parameters["classification"] = new InferParameter { Int64Param = count };
        return output;
    }

    private static IEnumerable<string> Texts(ByteString raw)
    {
        for (var at = 0; at < raw.Length;)
        {
            var length = BitConverter.ToInt32(raw.Span[at..]);
            yield return Encoding.UTF8.GetString(raw.Span.Slice(at + sizeof(int), length));
            at += sizeof(int) + length;
        }
    }
}
