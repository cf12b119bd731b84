using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.IntegrationTests.Shadowing;

/// <summary>A shadow that model.json asks for.</summary>
public sealed class ShadowConfigurationTests
{
    [Fact]
    public async Task ModelJson_WithAShadow_StartsItWithTheModel()
    {
        await using var server = await StartAsync("""
            { "versions": { "latest": 1 },
              "shadow": { "candidate": 9, "fraction": 1.0, "minDuration": "00:00:00", "maxAge": "00:01:00", "sliceParameter": "country", "filters": { "kind": "live" } } }
            """);
        await RunningAsync(server);

        await server.SendAllAsync(10, static i =>
        {
            var request = ShadowServer.Shadowed(i, $"{i}");
            request.Parameters["country"] = new Protos.InferParameter { StringParam = i % 2 == 0 ? "de" : "fr" };
            request.Parameters["kind"] = new Protos.InferParameter { StringParam = i < 6 ? "live" : "test" };
            return request;
        });
        await server.SettledAsync("shadowed", 6);
        var report = await server.ReportAsync("shadowed");

        // The newest version that is not the candidate answers, though the candidate is newer still.
        Assert.Equal((1, 9), (report.Status.Primary, report.Status.Candidate));
        Assert.Equal(["de", "fr"], report.Slices.Select(static slice => slice.Name).Order());
        Assert.All(report.Slices, static slice => Assert.Equal((3, 3), (slice.Pairs, slice.Eligible)));
    }

    [Fact]
    public async Task ModelJson_WithACandidateThatIsNotThere_ServesTheModelAndSaysWhy()
    {
        await using var server = await StartAsync("""{ "versions": { "specific": [1] }, "shadow": { "candidate": 77 } }""");

        ListShadowsResponse list;
        do list = await server.Admin.ListShadowsAsync(new ListShadowsRequest(), cancellationToken: TestContext.Current.CancellationToken);
        while (list.Shadows.Count == 0);

        var answer = await server.Client.InferAsync(ShadowServer.Shadowed(1));
        Assert.Equal("1", answer.ModelVersion);
        var status = Assert.Single(list.Shadows);
        Assert.Equal(ShadowState.Stopped, status.State);
        Assert.Contains("has no version 77", status.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_WhileAShadowRuns_StartsItAnewOverTheNewVersions()
    {
        await using var server = await StartAsync("""{ "versions": { "specific": [1] }, "shadow": { "candidate": 9, "maxAge": "00:01:00" } }""");
        var before = await RunningAsync(server);
        await server.SendAllAsync(5, static i => ShadowServer.Shadowed(i, $"{i}"));
        await server.SettledAsync("shadowed", 5);

        await server.Client.LoadAsync("shadowed");
        ShadowStatus after;
        do after = await server.StatusAsync("shadowed");
        while (before.StartedAt.Equals(after.StartedAt) || after.State == ShadowState.Stopped);
        await server.SendAllAsync(3, static i => ShadowServer.Shadowed(i, $"{i}"));

        await server.SettledAsync("shadowed", 3);
        await server.Server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task Stop_OfAConfiguredShadow_KeepsTheCandidateFromAnsweringOthers()
    {
        await using var server = await StartAsync("""{ "versions": { "specific": [1, 9] }, "shadow": { "candidate": 9 } }""");
        await RunningAsync(server);

        await server.StopShadowAsync("shadowed");

        var unnamed = await server.Client.InferAsync(ShadowServer.Shadowed(1));
        var named = await server.Client.InferAsync(ShadowServer.Shadowed(1, version: "9"));
        Assert.Equal(("1", "9"), (unnamed.ModelVersion, named.ModelVersion));
    }

    [Fact]
    public async Task Unload_WhileAShadowRuns_EndsIt()
    {
        await using var server = await StartAsync("""{ "versions": { "specific": [1] }, "shadow": { "candidate": 9 } }""");
        await RunningAsync(server);

        await server.Client.UnloadAsync("shadowed");

        ShadowStatus status;
        do status = await server.StatusAsync("shadowed");
        while (status.EndedAt is null);
        Assert.Contains("loaded anew or unloaded", status.Reason, StringComparison.Ordinal);
        await server.Server.AllBuffersReturnedAsync();
    }

    private static Task<ShadowServer> StartAsync(string modelJson) => ShadowServer.StartAsync(repository =>
    {
        foreach (var version in new[] { 1, 9 }) ShadowServer.AddVersion(repository, "shadowed", version, Path.Combine(TestPaths.ShadowModels, "shadowed", $"{version}", "model.onnx"));
        File.WriteAllText(Path.Combine(repository, "shadowed", "model.json"), modelJson);
    });

    /// <summary>A configured shadow starts after its model is ready.</summary>
    private static async Task<ShadowStatus> RunningAsync(ShadowServer server)
    {
        while (true)
        {
            var list = await server.Admin.ListShadowsAsync(new ListShadowsRequest(), cancellationToken: TestContext.Current.CancellationToken);
            if (list.Shadows is [{ State: ShadowState.Running } running]) return running;
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
    }
}
