using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>One server over all test models, shared by the tests of a class.</summary>
/// <remarks>Calls without a deadline get a long one: the second that the server would give them can pass on a busy machine.</remarks>
public sealed class TestRepositoryServer : IAsyncLifetime
{
    private readonly TemporaryDirectory _models = TestModels.Repository([.. Directory.EnumerateDirectories(TestPaths.Models).Select(static model => Path.GetFileName(model))]);

    internal RunningServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        foreach (var model in Directory.EnumerateDirectories(_models.Path)) GivePatience(Path.Combine(model, "model.json"));
        Server = await RunningServer.StartAsync(_models.Path);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _models.Dispose();
    }

    private static void GivePatience(string configuration)
    {
        var json = File.Exists(configuration) ? JsonNode.Parse(File.ReadAllText(configuration))! : new JsonObject();
        json["deadline"] = new JsonObject { ["default"] = "00:01:00" };
        File.WriteAllText(configuration, json.ToJsonString());
    }

    internal static ModelInferRequest Request(string model, params (string Name, string Datatype, long[] Shape, byte[] Raw)[] inputs)
    {
        var request = new ModelInferRequest { ModelName = model };
        foreach (var (name, datatype, shape, raw) in inputs)
        {
            request.Inputs.Add(new ModelInferRequest.Types.InferInputTensor { Name = name, Datatype = datatype, Shape = { shape } });
            request.RawInputContents.Add(ByteString.CopyFrom(raw));
        }
        return request;
    }

    internal static byte[] Bytes<T>(params T[] values)
        where T : struct => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    internal static T[] Values<T>(ByteString raw)
        where T : struct => MemoryMarshal.Cast<byte, T>(raw.Span).ToArray();

    /// <summary>A request that every server over the test models answers with 3 and 4.</summary>
    internal static ModelInferRequest Good() => Request("versions", ("x", "FP32", [2, 1], Bytes(0f, 1f)));

    /// <summary>Sends a request that must fail, then one that must not: a bad request leaves the server as it was.</summary>
    internal async Task<RpcException> FailsAsync(ModelInferRequest request)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await Server.Client.ModelInferAsync(request));
        var good = await Server.Client.ModelInferAsync(Good());
        Assert.Equal([3f, 4f], Values<float>(good.RawOutputContents[0]));
        return failure;
    }
}
