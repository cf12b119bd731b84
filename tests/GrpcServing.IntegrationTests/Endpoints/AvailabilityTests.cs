using System.Net;
using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>What callers see of models that are known but not served.</summary>
public sealed class AvailabilityTests
{
    [Fact]
    public async Task AnyCall_ModelWasUnloaded_SaysThatNothingIsAvailable()
    {
        using var models = TestModels.Repository("versions", "scalar");
        await using var server = await RunningServer.StartAsync(models.Path);
        await server.Client.UnloadAsync("versions");

        var newest = await Calls.StatusAsync(server.Client.InferAsync(TestModels.Versions(1, "")));
        var named = await Calls.StatusAsync(server.Client.InferAsync(TestModels.Versions(1, "2")));
        var metadata = await Calls.StatusAsync(server.Client.ModelMetadataAsync(new ModelMetadataRequest { Name = "versions" }).ResponseAsync);
        using var rest = await server.Http.GetAsync("/v2/models/versions/versions/2");

        Assert.Equal((StatusCode.NotFound, "Request for unknown model: 'versions' has no available versions: unloaded"), (newest.StatusCode, newest.Detail));
        Assert.Equal((StatusCode.Unavailable, "Request for unknown model: 'versions' version 2 is not at ready state: unloaded"), (named.StatusCode, named.Detail));
        Assert.Equal(StatusCode.NotFound, metadata.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, rest.StatusCode);
        Assert.False((await server.Client.ModelReadyAsync(new ModelReadyRequest { Name = "versions" })).Ready);
        Assert.True((await server.Client.ServerReadyAsync(new ServerReadyRequest())).Ready);
    }

    [Fact]
    public async Task Infer_ModelThatCouldNotBeLoaded_SaysWhy()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.BrokenModels);
        var request = new ModelInferRequest { ModelName = "broken" };
        var named = new ModelInferRequest { ModelName = "broken", ModelVersion = "1" };

        var newest = await Calls.StatusAsync(server.Client.InferAsync(request));
        var first = await Calls.StatusAsync(server.Client.InferAsync(named));
        var load = await Calls.StatusAsync(server.Client.LoadAsync("broken"));

        Assert.Equal(StatusCode.NotFound, newest.StatusCode);
        Assert.StartsWith("Request for unknown model: 'broken' has no available versions: ", newest.Detail, StringComparison.Ordinal);
        Assert.Equal(StatusCode.Unavailable, first.StatusCode);
        Assert.StartsWith("Request for unknown model: 'broken' version 1 is not at ready state: ", first.Detail, StringComparison.Ordinal);
        Assert.Equal(StatusCode.InvalidArgument, load.StatusCode);
        Assert.StartsWith("failed to load 'broken': ", load.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Load_WithParametersOrOfNothing_IsRefusedByName()
    {
        using var models = TestModels.Repository("scalar");
        await using var server = await RunningServer.StartAsync(models.Path);

        var missing = await Calls.StatusAsync(server.Client.LoadAsync("nope"));
        var unload = await Calls.StatusAsync(server.Client.UnloadAsync("nope"));
        var configured = await Calls.StatusAsync(server.Client.RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = "scalar", Parameters = { ["config"] = new() { StringParam = "{}" } } }).ResponseAsync);
        var index = await Calls.StatusAsync(server.Client.RepositoryIndexAsync(new RepositoryIndexRequest { RepositoryName = "other" }).ResponseAsync);
        var elsewhere = await Calls.StatusAsync(server.Client.RepositoryModelLoadAsync(new RepositoryModelLoadRequest { ModelName = "scalar", RepositoryName = "other" }).ResponseAsync);

        Assert.Equal((StatusCode.NotFound, "failed to load 'nope': the repository has no directory of that name"), (missing.StatusCode, missing.Detail));
        Assert.Equal((StatusCode.NotFound, "failed to unload 'nope': the repository has no model of that name"), (unload.StatusCode, unload.Detail));
        Assert.Equal(StatusCode.Unimplemented, configured.StatusCode);
        Assert.Contains("load parameter 'config' is not supported", configured.Detail, StringComparison.Ordinal);
        Assert.Equal(StatusCode.Unimplemented, elsewhere.StatusCode);
        Assert.Contains("found 'other'", elsewhere.Detail, StringComparison.Ordinal);
        Assert.Equal(elsewhere, index);
    }
}
