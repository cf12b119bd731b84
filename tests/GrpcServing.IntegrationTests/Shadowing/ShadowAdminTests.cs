using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcServing.Hosting;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.IntegrationTests.Telemetry;
using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.IntegrationTests.Shadowing;

/// <summary>The admin interface: who may call it, and what it answers to mistakes.</summary>
public sealed class ShadowAdminTests
{
    [Fact]
    public async Task Calls_OffTheLoopbackInterface_AreDeniedWithTheWayIn()
    {
        var own = OwnAddress();
        Assert.SkipWhen(own is null, "This machine has no address but the loopback's.");
        await using var server = await ShadowServer.OverShadowedAsync("--Serving:ListenAddress=0.0.0.0");
        using var channel = GrpcChannel.ForAddress($"http://{own}:{new Uri(server.Server.GrpcAddress).Port}");
        var admin = new ShadowAdmin.ShadowAdminClient(channel);

        var status = await Calls.StatusAsync(admin.ListShadowsAsync(new ListShadowsRequest(), cancellationToken: TestContext.Current.CancellationToken).ResponseAsync);

        Assert.Equal(StatusCode.PermissionDenied, status.StatusCode);
        Assert.Contains("call 127.0.0.1 on the server's machine", status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_WithAnAdminPort_AreTakenThereOnly()
    {
        await using var server = await ShadowServer.OverShadowedAsync("--Serving:AdminPort=0");
        var address = server.Server.Service<ListeningPorts>().Admin;
        using var channel = GrpcChannel.ForAddress(address);

        var list = await new ShadowAdmin.ShadowAdminClient(channel).ListShadowsAsync(new ListShadowsRequest(), cancellationToken: TestContext.Current.CancellationToken);
        var denied = await Calls.StatusAsync(server.Admin.ListShadowsAsync(new ListShadowsRequest(), cancellationToken: TestContext.Current.CancellationToken).ResponseAsync);

        Assert.Empty(list.Shadows);
        Assert.Equal(StatusCode.PermissionDenied, denied.StatusCode);
        Assert.Contains(new Uri(address).Authority, denied.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartShadow_WithSeveralMistakes_NamesThemAll()
    {
        await using var server = await ShadowServer.OverShadowedAsync();
        var settings = new ShadowSettings
        {
            Fraction = 2,
            ControlFraction = double.NaN,
            MaxAge = Duration.FromTimeSpan(TimeSpan.Zero),
            MinDuration = new Duration { Seconds = 1, Nanos = -5 },
            Comparators = { ["y"] = new Comparator { Kind = "cosine", TopK = 0 } },
        };

        var status = await Calls.StatusAsync(server.StartShadowAsync("shadowed", settings));

        Assert.Equal(StatusCode.InvalidArgument, status.StatusCode);
        foreach (var mistake in new[] { "settings.candidate (0) must be", "settings.fraction (2) must be a number, 0..1", "settings.control_fraction (NaN) must be", "settings.max_age (00:00:00) must be", "settings.min_duration (1 s, -5 ns) must be", "settings.comparators.y.kind (cosine) must be class_scores,", "settings.comparators.y.top_k (0) must be 1..100" })
            Assert.Contains(mistake, status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing", 2, StatusCode.NotFound, "no model 'nothing'")]
    [InlineData("shadowed", 77, StatusCode.NotFound, "has no version 77: expected shadowed/77/model.onnx")]
    [InlineData("shadowed", 1, StatusCode.FailedPrecondition, "no other version to compare 1 with; ready: 1")]
    public async Task StartShadow_OfWhatIsNotThere_SaysWhatToDo(string model, long candidate, StatusCode code, string detail)
    {
        await using var server = await ShadowServer.OverShadowedAsync();

        var status = await Calls.StatusAsync(server.StartShadowAsync(model, ShadowServer.Settings(candidate)));

        Assert.Equal(code, status.StatusCode);
        Assert.Contains(detail, status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartShadow_WithAComparatorForNoOutput_NamesTheOutputs()
    {
        await using var server = await ShadowServer.OverShadowedAsync();
        var settings = ShadowServer.Settings(candidate: 9);
        settings.Comparators["z"] = new Comparator { Kind = "exact" };

        var status = await Calls.StatusAsync(server.StartShadowAsync("shadowed", settings));

        Assert.Equal(StatusCode.InvalidArgument, status.StatusCode);
        Assert.Contains("must name an output of shadowed: y", status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartShadow_OfAVersionThatIsNotServed_LoadsItAndGivesItBack()
    {
        await using var server = await ShadowServer.OverShadowedAsync();
        await server.StartShadowAsync("shadowed", ShadowServer.Settings(candidate: 9));

        var named = await server.Client.InferAsync(ShadowServer.Shadowed(1, version: "9"));
        var unnamed = await server.Client.InferAsync(ShadowServer.Shadowed(1));
        var second = await Calls.StatusAsync(server.StartShadowAsync("shadowed", ShadowServer.Settings(candidate: 2)));
        await server.StopShadowAsync("shadowed");
        await Calls.UntilAsync(() => server.Server.Repository.Table.Find("shadowed")!.Find(9) is { State: GrpcServing.Models.VersionState.Unavailable }, "version 9 is given back");
        var late = await Calls.StatusAsync(server.Client.InferAsync(ShadowServer.Shadowed(1, version: "9")));

        Assert.Equal("9", named.ModelVersion);
        Assert.Equal("1", unnamed.ModelVersion);
        Assert.Equal(StatusCode.FailedPrecondition, second.StatusCode);
        Assert.Contains("has a shadow already: version 9 beside version 1", second.Detail, StringComparison.Ordinal);
        Assert.Equal(StatusCode.Unavailable, late.StatusCode);
    }

    [Fact]
    public async Task GetShadow_OfAModelThatNeverHadOne_IsNotFound()
    {
        await using var server = await ShadowServer.OverShadowedAsync();

        foreach (var call in new Task[] { server.StatusAsync("shadowed"), server.ReportAsync("shadowed"), server.StopShadowAsync("shadowed") })
            Assert.Equal(StatusCode.NotFound, (await Calls.StatusAsync(call)).StatusCode);
    }

    [Fact]
    public async Task WatchShadow_UntilTheStop_EndsWithTheLastStatus()
    {
        await using var server = await ShadowServer.OverShadowedAsync();
        await server.StartShadowAsync("shadowed", ShadowServer.Settings(candidate: 9));
        using var watch = server.Admin.WatchShadow(new WatchShadowRequest { Model = "shadowed", Interval = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(100)) }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(await watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        var first = watch.ResponseStream.Current;

        await server.Client.InferAsync(ShadowServer.Shadowed(1));
        await server.SettledAsync("shadowed", 1);
        await server.StopShadowAsync("shadowed");
        var last = first;
        while (await watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken)) last = watch.ResponseStream.Current;

        Assert.Equal(0, first.Pairs);
        Assert.Equal(1, last.Pairs);
        Assert.Equal(ShadowState.Stopped, last.State);
        Assert.NotNull(last.EndedAt);
    }

    [Fact]
    public async Task Shadow_ThatExpires_EndsUndecided()
    {
        await using var server = await ShadowServer.OverShadowedAsync();
        var settings = ShadowServer.Settings(candidate: 9);
        settings.ExpiresAfter = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(300));
        await server.StartShadowAsync("shadowed", settings);

        ShadowStatus status;
        do status = await server.StatusAsync("shadowed");
        while (status.EndedAt is null);

        Assert.Equal(ShadowState.Expired, status.State);
        Assert.Equal(Verdict.Undecided, status.Verdict);
        Assert.Contains("its time was up", status.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_OfAShadow_AreScraped()
    {
        await using var server = await ShadowServer.OverShadowedAsync();
        await server.StartShadowAsync("shadowed", ShadowServer.Settings(candidate: 9));
        await server.SendAllAsync(20, static i => ShadowServer.Shadowed(i, $"{i}"));
        await server.SettledAsync("shadowed", 20);

        var scraped = await server.Server.Http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);

        Assert.Matches("grpcserving_shadow_pairs_total\\{[^}]*model=\"shadowed\"[^}]*outcome=\"agree\"[^}]*\\} 20\n", scraped);
        Assert.Contains("grpcserving_shadow_coverage", scraped, StringComparison.Ordinal);
        Assert.Contains("grpcserving_shadow_verdict", scraped, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_OfCaptures_SayWhatIsKeptAndWhatWasLost()
    {
        using var captures = new TemporaryDirectory();
        await using var server = await ShadowServer.OverShadowedAsync($"--Serving:CaptureDirectory={captures.Path}");
        var settings = ShadowServer.Settings(candidate: 2);
        settings.ErrorBudget = 0.5;
        await server.StartShadowAsync("shadowed", settings);
        await server.SendAllAsync(3, static i => ShadowServer.Shadowed(ShadowServer.Trigger, $"{i}"));
        await server.SendAllAsync(5, static i => ShadowServer.Shadowed(i, $"ok {i}"));
        await server.SettledAsync("shadowed", 8);
        await server.StopShadowAsync("shadowed");

        // The stop does not wait for the disk.
        var model = ("model", "shadowed");
        var scrape = await Scrape.OfAsync(server.Server.Http);
        while (scrape.Sum("grpcserving_shadow_capture_stored_total", model) < 3 && !TestContext.Current.CancellationToken.IsCancellationRequested) scrape = await Scrape.OfAsync(server.Server.Http);

        Assert.Equal(3, scrape.Sum("grpcserving_shadow_capture_stored_total", model));
        Assert.True(scrape.Sum("grpcserving_shadow_capture_bytes", model) > 3 * 16);
        Assert.Equal(0, scrape.Sum("grpcserving_shadow_capture_removed_total", model, ("reason", "evicted")));
        Assert.Equal(0, scrape.Sum("grpcserving_shadow_capture_dropped_total", model, ("reason", "store_behind")));
        Assert.Equal(0, scrape.Sum("grpcserving_shadow_capture_store_failures_total"));
    }

    [Fact]
    public async Task Metrics_OfCapturesWithoutAStore_CountTheFailureAndTheLoss()
    {
        // A file where the directory should be.
        using var captures = new TemporaryDirectory();
        var file = Path.Combine(captures.Path, "taken");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        await using var server = await ShadowServer.OverShadowedAsync($"--Serving:CaptureDirectory={file}");
        await server.StartShadowAsync("shadowed", ShadowServer.Settings(candidate: 2));
        await server.SendAllAsync(2, static i => ShadowServer.Shadowed(ShadowServer.Trigger, $"{i}"));
        await server.SettledAsync("shadowed", 2);

        // Counted by the thread that writes.
        var lost = new[] { ("model", "shadowed"), ("reason", "store_off") };
        var scrape = await Scrape.OfAsync(server.Server.Http);
        while (scrape.Sum("grpcserving_shadow_capture_dropped_total", lost) < 2 && !TestContext.Current.CancellationToken.IsCancellationRequested) scrape = await Scrape.OfAsync(server.Server.Http);

        Assert.Equal(2, scrape.Sum("grpcserving_shadow_capture_dropped_total", lost));
        Assert.Equal(1, scrape.Sum("grpcserving_shadow_capture_store_failures_total"));
    }

    private static IPAddress? OwnAddress() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(static card => card.OperationalStatus == OperationalStatus.Up)
        .SelectMany(static card => card.GetIPProperties().UnicastAddresses)
        .Select(static address => address.Address)
        .FirstOrDefault(static address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
}
