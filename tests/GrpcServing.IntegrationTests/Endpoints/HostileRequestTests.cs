using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using GrpcServing.Protos;
using static GrpcServing.IntegrationTests.Endpoints.TestRepositoryServer;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>Requests that no client library makes by itself: each ends with a status, and the server goes on.</summary>
public sealed class HostileRequestTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    private static readonly string Long = new('x', 1 << 20);

    public static TheoryData<string> Names => ["a/b", "../add_sub", "modèle 模型 🙂", "line\r\nbreak: yes", "nul\0nul", "%0a%00", new string('é', 100_000), Long];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task ModelInfer_StrangeModelName_IsNotFound(string name)
    {
        var failure = await models.FailsAsync(Request(name));

        AssertShort(StatusCode.NotFound, name, failure);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task ModelInfer_StrangeTextAnywhere_IsRefused(string text)
    {
        var good = Good();
        foreach (var request in new[]
        {
            With(good, request => request.ModelVersion = text),
            With(good, request => request.Inputs[0].Name = text),
            With(good, request => request.Inputs[0].Datatype = text),
            With(good, request => request.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = text })),
            With(good, request => request.Parameters["timeout"] = new InferParameter { StringParam = text }),
            With(good, request => request.Parameters["triton_" + text] = new InferParameter { BoolParam = true }),
        })
        {
            AssertShort(StatusCode.InvalidArgument, text, await models.FailsAsync(request));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task ModelInfer_StrangeIdAndParameter_ComeBackOrAreIgnored(string text)
    {
        var request = With(Good(), request => request.Id = text);
        request.Parameters[text] = new InferParameter { StringParam = text };

        var response = await models.Server.Client.ModelInferAsync(request);
        var failure = await models.FailsAsync(With(request, request => request.ModelName = "nope"));

        Assert.Equal(text, response.Id);
        AssertShort(StatusCode.NotFound, text, failure);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task OtherCalls_StrangeName_EndWithAShortMessage(string name)
    {
        var client = models.Server.Client;
        var health = new Health.HealthClient(models.Server.Channel);
        foreach (var call in new Func<Task>[]
        {
            async () => await client.ModelMetadataAsync(new ModelMetadataRequest { Name = name }),
            async () => await client.ModelConfigAsync(new ModelConfigRequest { Name = name }),
            async () => await client.ModelStatisticsAsync(new ModelStatisticsRequest { Name = name }),
            async () => await client.TraceSettingAsync(new TraceSettingRequest { ModelName = name }),
            async () => await client.RepositoryModelUnloadAsync(new RepositoryModelUnloadRequest { ModelName = name }),
            async () => await health.CheckAsync(new HealthCheckRequest { Service = name }),
            async () => await client.RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = name }),
        })
        {
            AssertShort(StatusCode.NotFound, name, await Assert.ThrowsAsync<RpcException>(call));
        }
        foreach (var call in new Func<Task>[]
        {
            async () => await client.ModelMetadataAsync(new ModelMetadataRequest { Name = "versions", Version = name }),
            async () => await client.LogSettingsAsync(new LogSettingsRequest { Settings = { [name] = new() { BoolParam = true } } }),
            async () => await client.TraceSettingAsync(new TraceSettingRequest { Settings = { [name] = new() { Value = { "1" } } } }),
        })
        {
            AssertShort(StatusCode.InvalidArgument, name, await Assert.ThrowsAsync<RpcException>(call));
        }
        foreach (var call in new Func<Task>[]
        {
            async () => await client.RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = "versions", RepositoryName = name }),
            async () => await client.RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = "versions", Parameters = { [name] = new() { StringParam = name } } }),
        })
        {
            AssertShort(StatusCode.Unimplemented, name, await Assert.ThrowsAsync<RpcException>(call));
        }
        await models.Server.Client.ModelInferAsync(Good());
    }

    [Fact]
    public async Task ModelInfer_CompressedToAThousandth_IsHeldToTheLimitOfItsFullSize()
    {
        var request = With(Good(), request => request.Id = new string('x', 256 << 20));

        var status = await SendAsync(WireCall.Frame(compressed: true, WireCall.GZip(request.ToByteArray())));

        Assert.Equal(StatusCode.ResourceExhausted, status);
        await models.Server.Client.ModelInferAsync(Good());
        await models.Server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task ModelInfer_CompressedWithinTheLimit_IsAnswered()
    {

        Assert.Equal(StatusCode.OK, await SendAsync(WireCall.Frame(compressed: true, WireCall.GZip(Good().ToByteArray()))));
    }

    [Fact]
    public async Task ModelInfer_BrokenFrames_EndWithAStatusAndReturnEveryBuffer()
    {
        var good = WireCall.Frame(compressed: false, Good().ToByteArray());
        foreach (var body in new byte[][]
        {
            [],
            [.. good, .. good],
            good[..^1],
            good[..3],
            [0, 0xFF, 0xFF, 0xFF, 0xFF],
            [0, 0x40, 0, 0, 0, 1, 2, 3],
            [2, .. good[1..]],
            WireCall.Frame(compressed: true, Good().ToByteArray()),
        })
        {
            Assert.NotEqual(StatusCode.OK, await SendAsync(body));
        }

        await models.Server.Client.ModelInferAsync(Good());
        await models.Server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task OtherCalls_BytesThatAreNoMessage_FailAndLeaveTheServerAsItWas()
    {
        foreach (var method in new[] { "ModelMetadata", "ModelReady", "ModelStatistics", "RepositoryIndex", "RepositoryModelLoad", "LogSettings" })
            Assert.NotEqual(StatusCode.OK, await SendAsync(WireCall.Frame(compressed: false, [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]), method));

        await models.Server.Client.ModelInferAsync(Good());
    }

    private static ModelInferRequest With(ModelInferRequest request, Action<ModelInferRequest> change)
    {
        var changed = request.Clone();
        change(changed);
        return changed;
    }

    /// <summary>A message travels in a header, whose size clients and servers bound.</summary>
    private static void AssertShort(StatusCode code, string text, RpcException failure)
    {
        Assert.True(code == failure.StatusCode, $"{failure.Status}"[..Math.Min(300, $"{failure.Status}".Length)]);
        Assert.InRange(failure.Status.Detail.Length, 1, 2000);
        Assert.Contains(text[..Math.Min(text.Length, 100)], failure.Status.Detail, StringComparison.Ordinal);
    }

    private async Task<StatusCode> SendAsync(byte[] body, string method = "ModelInfer") => (await WireCall.SendAsync(models.Server.GrpcAddress, new ByteArrayContent(body), method)).Status;
}
