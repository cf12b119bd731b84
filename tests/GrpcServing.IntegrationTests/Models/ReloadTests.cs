using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Models;

/// <summary>Models change while they are called.</summary>
public sealed class ReloadTests
{
    [Fact]
    public async Task Reload_UnderLoad_FailsNoCall()
    {
        using var models = TestModels.Repository("versions");
        await using var server = await RunningServer.StartAsync(models.Path);
        using var done = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 8).Select(caller => Task.Run(() => CallAsync(server, ["", "1", "2", "3"], caller, done.Token))).ToArray();

        for (var reload = 0; reload < 15; reload++) await server.Client.LoadAsync("versions");
        await done.CancelAsync();

        var calls = await Task.WhenAll(callers);
        Assert.All(calls, static count => Assert.True(count > 0));
        await server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task Reload_WithChangingVersions_FailsNoCallToOneThatStays()
    {
        using var models = TestModels.Repository("versions");
        await using var server = await RunningServer.StartAsync(models.Path);
        using var done = new CancellationTokenSource();
        var callers = Enumerable.Range(0, 4).Select(caller => Task.Run(() => CallAsync(server, ["1", "3"], caller, done.Token))).ToArray();
        var others = Enumerable.Range(0, 2).Select(_ => Task.Run(() => CallComingAndGoingAsync(server, done.Token))).ToArray();

        for (var reload = 0; reload < 10; reload++)
        {
            await File.WriteAllTextAsync(Path.Combine(models.Path, "versions", "model.json"),
                reload % 2 == 0 ? """{ "versions": { "specific": [1, 3] } }""" : """{ "versions": { "all": true } }""", TestContext.Current.CancellationToken);
            await server.Client.LoadAsync("versions");
        }
        await done.CancelAsync();

        Assert.All(await Task.WhenAll(callers), static count => Assert.True(count > 0));
        await Task.WhenAll(others);
        await server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task Unload_UnderLoad_AnswersOrSaysUnavailable()
    {
        using var models = TestModels.Repository("versions", "poison");
        await using var server = await RunningServer.StartAsync(models.Path);
        using var done = new CancellationTokenSource();
        var neighbour = Task.Run(async () =>
        {
            for (var call = 0; !done.IsCancellationRequested; call++)
            {
                var response = await server.Client.InferAsync(TestModels.Poison(call % 8));
                Assert.Equal([10f * (call % 8)], TestModels.Output<float>(response));
            }
        }, TestContext.Current.CancellationToken);
        var callers = Enumerable.Range(0, 4).Select(_ => Task.Run(() => CallComingAndGoingAsync(server, done.Token))).ToArray();

        for (var round = 0; round < 8; round++)
        {
            await server.Client.UnloadAsync("versions");
            await server.Client.LoadAsync("versions");
            // Loaded means served, at once.
            await TestModels.AssertAnswersAsync([4f], server.Client.InferAsync(TestModels.Versions(2, "2")));
        }
        await done.CancelAsync();

        await neighbour;
        await Task.WhenAll(callers);
        await server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task Reload_OfAChangedFile_AnswersWithTheNew()
    {
        using var models = new TemporaryDirectory();
        PutVersion(models, from: 1);
        await using var server = await RunningServer.StartAsync(models.Path);
        var before = await server.Client.InferAsync(TestModels.Versions(10, "1", "changing"));

        PutVersion(models, from: 3);
        await server.Client.LoadAsync("changing");
        var after = await server.Client.InferAsync(TestModels.Versions(10, "1", "changing"));

        Assert.Equal([11f], TestModels.Output<float>(before));
        Assert.Equal([13f], TestModels.Output<float>(after));
    }

    [Fact]
    public async Task Reload_OfABrokenFile_KeepsTheOldOneServing()
    {
        using var models = new TemporaryDirectory();
        PutVersion(models, from: 1);
        await using var server = await RunningServer.StartAsync(models.Path);

        await File.WriteAllTextAsync(Path.Combine(models.Path, "changing", "1", "model.onnx"), "no model any more", TestContext.Current.CancellationToken);
        var reload = await Calls.StatusAsync(server.Client.LoadAsync("changing"));
        await File.WriteAllTextAsync(Path.Combine(models.Path, "changing", "model.json"), """{ "maxBatchSise": 1 }""", TestContext.Current.CancellationToken);
        var reconfiguration = await Calls.StatusAsync(server.Client.LoadAsync("changing"));

        Assert.Equal(StatusCode.InvalidArgument, reload.StatusCode);
        Assert.Contains("changing", reload.Detail, StringComparison.Ordinal);
        Assert.Equal(StatusCode.InvalidArgument, reconfiguration.StatusCode);
        Assert.Contains("maxBatchSise", reconfiguration.Detail, StringComparison.Ordinal);
        await TestModels.AssertAnswersAsync([11f], server.Client.InferAsync(TestModels.Versions(10, "1", "changing")));
        Assert.True((await server.Client.ModelReadyAsync(new ModelReadyRequest { Name = "changing" }, cancellationToken: TestContext.Current.CancellationToken)).Ready);
    }

    /// <summary>Every call succeeds.</summary>
    /// <returns>How many there were.</returns>
    private static async Task<int> CallAsync(RunningServer server, string[] versions, int caller, CancellationToken done)
    {
        var calls = 0;
        for (; !done.IsCancellationRequested; calls++)
        {
            var version = versions[(caller + calls) % versions.Length];
            var response = await server.Client.InferAsync(TestModels.Versions(calls, version));
            Assert.Equal([calls + (version.Length == 0 ? 3f : version[0] - '0')], TestModels.Output<float>(response));
        }
        return calls;
    }

    /// <summary>Version 2 is there or not; whoever calls it has its answer or is told that it is not.</summary>
    private static async Task CallComingAndGoingAsync(RunningServer server, CancellationToken done)
    {
        for (var call = 0; !done.IsCancellationRequested; call++)
        {
            var answer = server.Client.InferAsync(TestModels.Versions(call, "2"));
            var status = await Calls.StatusAsync(answer);
            Assert.True(status.StatusCode is StatusCode.OK or StatusCode.Unavailable or StatusCode.NotFound, status.ToString());
            if (status.StatusCode == StatusCode.OK) await TestModels.AssertAnswersAsync([call + 2f], answer);
        }
    }

    private static void PutVersion(TemporaryDirectory models, int from)
    {
        var directory = Directory.CreateDirectory(Path.Combine(models.Path, "changing", "1"));
        File.Copy(Path.Combine(TestPaths.Models, "versions", $"{from}", "model.onnx"), Path.Combine(directory.FullName, "model.onnx"), overwrite: true);
    }
}
