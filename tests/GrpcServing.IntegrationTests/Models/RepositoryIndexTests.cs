using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Models;

/// <summary>What the repository says of its models, and which versions it serves.</summary>
public sealed class RepositoryIndexTests
{
    [Fact]
    public async Task Index_WithABrokenModelBesideAGood_ReportsItAndServesTheOther()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.BrokenModels);

        var index = await IndexAsync(server);
        var ready = await IndexAsync(server, readyOnly: true);
        var call = await Calls.StatusAsync(server.Client.InferAsync(new ModelInferRequest { ModelName = "broken" }));

        Assert.Equal(["broken/1 UNAVAILABLE", "good/1 READY"], index.Select(Line));
        Assert.Equal(["good/1 READY"], ready.Select(Line));
        Assert.Contains("model.onnx", index[0].Reason, StringComparison.Ordinal);
        Assert.Equal("", index[1].Reason);
        Assert.NotEqual(StatusCode.OK, call.StatusCode);
        Assert.Contains("broken", call.Detail, StringComparison.Ordinal);
        Assert.True((await server.Client.ServerReadyAsync(new ServerReadyRequest(), cancellationToken: TestContext.Current.CancellationToken)).Ready);
    }

    [Fact]
    public async Task Index_AfterUnloadAndLoad_FollowsTheModel()
    {
        using var models = TestModels.Repository("versions");
        await using var server = await RunningServer.StartAsync(models.Path);

        await server.Client.UnloadAsync("versions");
        await Calls.UntilAsync(() => server.Repository.Table.Find("versions")!.Versions.All(static version => version.State == GrpcServing.Models.VersionState.Unavailable), "every version has left");
        var unloaded = await IndexAsync(server);
        await server.Client.LoadAsync("versions");
        var loaded = await IndexAsync(server);

        Assert.All(unloaded, static version => Assert.Equal(("UNAVAILABLE", "unloaded"), (version.State, version.Reason)));
        Assert.Equal(["versions/1 READY", "versions/2 READY", "versions/3 READY"], loaded.Select(Line));
    }

    [Fact]
    public async Task Index_ModelThatCameAfterTheStart_IsShownUntilItIsLoaded()
    {
        using var models = TestModels.Repository("scalar");
        await using var server = await RunningServer.StartAsync(models.Path);
        TestPaths.CopyModel(TestPaths.Models, "fixed", models.Path);

        var before = await IndexAsync(server);
        var ready = await IndexAsync(server, readyOnly: true);
        await server.Client.LoadAsync("fixed");
        var after = await IndexAsync(server);

        Assert.Equal(["scalar/1 READY", "fixed/ UNAVAILABLE"], before.Select(Line));
        Assert.Equal(["scalar/1 READY"], ready.Select(Line));
        Assert.Equal(["fixed/1 READY", "scalar/1 READY"], after.Select(Line));
    }

    [Fact]
    public async Task Index_DirectoryThatCannotBeRead_IsReportedAndTheOthersAreServed()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Skip("Nothing is closed to the superuser.");
            return;
        }
        using var models = TestModels.Repository("scalar", "fixed");
        Directory.CreateDirectory(Path.Combine(models.Path, "lost+found"), UnixFileMode.None);
        File.SetUnixFileMode(Path.Combine(models.Path, "fixed"), UnixFileMode.None);
        try
        {
            await using var server = await RunningServer.StartAsync(models.Path);

            Assert.Equal(["fixed/ UNAVAILABLE", "scalar/1 READY"], (await IndexAsync(server)).Select(Line));
        }
        finally
        {
            File.SetUnixFileMode(Path.Combine(models.Path, "fixed"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public async Task Index_RepositoryIsGone_ShowsWhatIsServed()
    {
        using var models = TestModels.Repository("scalar");
        await using var server = await RunningServer.StartAsync(models.Path);
        Directory.Move(models.Path, $"{models.Path}.gone");
        try
        {
            Assert.Equal(["scalar/1 READY"], (await IndexAsync(server)).Select(Line));
            Assert.Equal(StatusCode.NotFound, (await Calls.StatusAsync(server.Client.LoadAsync("scalar"))).StatusCode);
        }
        finally
        {
            Directory.Move($"{models.Path}.gone", models.Path);
        }
    }

    [Theory]
    [InlineData("""{ "versions": { "all": true } }""", "1,2,3")]
    [InlineData("""{ "versions": { "latest": 2 } }""", "2,3")]
    [InlineData("""{ "versions": { "latest": 9 } }""", "1,2,3")]
    [InlineData("""{ "versions": { "specific": [1, 2] } }""", "1,2")]
    [InlineData("{}", "3")]
    public async Task VersionPolicy_OfModelJson_DecidesWhatIsServed(string policy, string served)
    {
        using var models = TestModels.Repository("versions");
        await File.WriteAllTextAsync(Path.Combine(models.Path, "versions", "model.json"), policy, TestContext.Current.CancellationToken);
        await using var server = await RunningServer.StartAsync(models.Path);
        var versions = served.Split(',');

        var newest = await server.Client.InferAsync(TestModels.Versions(10, ""));
        var metadata = await server.Client.ModelMetadataAsync(new ModelMetadataRequest { Name = "versions" }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(versions, metadata.Versions);
        Assert.Equal(versions[^1], newest.ModelVersion);
        for (var version = 1; version <= 3; version++)
        {
            var status = await Calls.StatusAsync(server.Client.InferAsync(TestModels.Versions(10, $"{version}")));
            Assert.Equal(versions.Contains($"{version}") ? StatusCode.OK : StatusCode.NotFound, status.StatusCode);
        }
    }

    [Fact]
    public async Task Load_OfAModelForAMissingDevice_SaysWhatIsMissing()
    {
        using var models = TestModels.Repository("poison");
        await using var server = await RunningServer.StartAsync(models.Path);
        await File.WriteAllTextAsync(Path.Combine(models.Path, "poison", "model.json"), """{ "execution": { "device": "cuda:0" } }""", TestContext.Current.CancellationToken);

        var status = await Calls.StatusAsync(server.Client.LoadAsync("poison"));

        Assert.Equal(StatusCode.InvalidArgument, status.StatusCode);
        Assert.Contains("cuda", status.Detail, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("OnnxRuntime=Gpu", status.Detail, StringComparison.Ordinal);
        // The one on the CPU goes on.
        await TestModels.AssertAnswersAsync([30f], server.Client.InferAsync(TestModels.Poison(3)));
    }

    private static async Task<IReadOnlyList<RepositoryIndexResponse.Types.ModelIndex>> IndexAsync(RunningServer server, bool readyOnly = false) =>
        (await server.Client.RepositoryIndexAsync(new RepositoryIndexRequest { Ready = readyOnly }, cancellationToken: TestContext.Current.CancellationToken)).Models;

    private static string Line(RepositoryIndexResponse.Types.ModelIndex version) => $"{version.Name}/{version.Version} {version.State}";
}
