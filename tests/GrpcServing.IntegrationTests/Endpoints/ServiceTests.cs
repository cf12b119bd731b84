using Grpc.Core;
using Grpc.Health.V1;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Endpoints;

public sealed class ServiceTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    private GRPCInferenceService.GRPCInferenceServiceClient Client => models.Server.Client;

    [Fact]
    public async Task Metadata_ServerAndModel_AreDescribed()
    {
        var server = await Client.ServerMetadataAsync(new ServerMetadataRequest());
        var model = await Client.ModelMetadataAsync(new ModelMetadataRequest { Name = "versions" });

        Assert.True((await Client.ServerLiveAsync(new ServerLiveRequest())).Live);
        Assert.True((await Client.ServerReadyAsync(new ServerReadyRequest())).Ready);
        Assert.Contains("binary_tensor_data", server.Extensions);
        Assert.Equal(["1", "2", "3"], model.Versions);
        Assert.Equal([-1, 1], model.Inputs[0].Shape);
        Assert.Equal("FP32", model.Outputs[0].Datatype);
        Assert.True((await Client.ModelReadyAsync(new ModelReadyRequest { Name = "versions", Version = "2" })).Ready);
        Assert.False((await Client.ModelReadyAsync(new ModelReadyRequest { Name = "nope" })).Ready);
    }

    [Fact]
    public async Task RepositoryIndex_AllModels_AreReady()
    {
        var index = await Client.RepositoryIndexAsync(new RepositoryIndexRequest());

        Assert.True(index.Models.Count >= 30);
        Assert.All(index.Models, static model => Assert.Equal(("READY", ""), (model.State, model.Reason)));
    }

    [Theory]
    [InlineData("ModelMetadata")]
    [InlineData("RepositoryIndex")]
    public async Task AnyCall_MalformedMessage_IsAnInvalidArgument(string call)
    {
        var raw = Marshallers.Create(static bytes => bytes, static bytes => bytes);
        var method = new Method<byte[], byte[]>(MethodType.Unary, "inference.GRPCInferenceService", call, raw, raw);

        var status = await Calls.StatusAsync(models.Server.Channel.CreateCallInvoker().AsyncUnaryCall(method, null, new CallOptions(), [0x0A, 0xFF]).ResponseAsync);

        Assert.Equal(StatusCode.InvalidArgument, status.StatusCode);
        Assert.StartsWith($"the request is not a valid {call}Request message: ", status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SharedMemory_AnyCall_IsUnimplementedWithAdvice()
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await Client.SystemSharedMemoryStatusAsync(new SystemSharedMemoryStatusRequest()));

        Assert.Equal(StatusCode.Unimplemented, failure.StatusCode);
        Assert.Contains("raw_input_contents", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_UnknownOrFixed_AreRefusedByName()
    {
        var unknown = new LogSettingsRequest { Settings = { ["log_colour"] = new() { BoolParam = true } } };
        var trace = new TraceSettingRequest { Settings = { ["trace_rate"] = new() { Value = { "10" } } } };

        var first = await Assert.ThrowsAsync<RpcException>(async () => await Client.LogSettingsAsync(unknown));
        var second = await Assert.ThrowsAsync<RpcException>(async () => await Client.TraceSettingAsync(trace));

        Assert.Equal((StatusCode.InvalidArgument, StatusCode.Unimplemented), (first.StatusCode, second.StatusCode));
        Assert.Contains("log_colour", first.Status.Detail, StringComparison.Ordinal);
        Assert.Equal("OFF", (await Client.TraceSettingAsync(new TraceSettingRequest())).Settings["trace_level"].Value[0]);
        Assert.True((await Client.LogSettingsAsync(new LogSettingsRequest())).Settings["log_error"].BoolParam);
    }

    [Fact]
    public async Task Health_UnloadAndLoad_IsSeenByCheckAndWatch()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        var health = new Health.HealthClient(server.Channel);
        using var watch = health.Watch(new HealthCheckRequest { Service = "digits" });
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await NextAsync(watch));

        await server.Client.RepositoryModelUnloadAsync(new RepositoryModelUnloadRequest { ModelName = "digits" });
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, await NextAsync(watch));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, (await health.CheckAsync(new HealthCheckRequest { Service = "digits/1" })).Status);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest())).Status);

        await server.Client.RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = "digits" });
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await NextAsync(watch));

        var unknown = await Assert.ThrowsAsync<RpcException>(async () => await health.CheckAsync(new HealthCheckRequest { Service = "nope" }));
        Assert.Equal(StatusCode.NotFound, unknown.StatusCode);
    }

    private static async Task<HealthCheckResponse.Types.ServingStatus> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        return watch.ResponseStream.Current.Status;
    }
}
