using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Hosting;

/// <summary>SIGTERM: nothing new comes in, what is under way ends, the process exits with 0.</summary>
public sealed class DrainTests
{
    /// <summary>A run of a second or so.</summary>
    private const long Long = 100_000;
    private const long Endless = 1L << 40;

    [Fact]
    public async Task Terminate_WithRequestsUnderWay_FinishesThemAndRefusesOthers()
    {
        using var models = TestModels.Repository("slow");
        await File.WriteAllTextAsync(Path.Combine(models.Path, "slow", "model.json"), """{ "maxBatchSize": 16, "execution": { "instances": 1 } }""", TestContext.Current.CancellationToken);
        await using var server = ServerProcess.Start($"--Serving:ModelRepository={models.Path}", "--Serving:GrpcPort=0", "--Serving:HttpPort=0", "--Serving:DrainTimeout=00:05:00");
        var (grpc, http) = await server.ReadyAsync();
        using var channel = GrpcChannel.ForAddress(grpc);
        using var probe = new HttpClient { BaseAddress = new Uri(http) };
        var client = ServerProcess.Client(channel);
        using var watch = new Health.HealthClient(channel).Watch(new HealthCheckRequest(), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await NextAsync(watch));
        using var idle = client.ModelStreamInfer(cancellationToken: TestContext.Current.CancellationToken);
        var underWay = Enumerable.Range(0, 50).Select(_ => client.InferAsync(TestModels.Slow(Long))).ToArray();
        await UntilWaitingAsync(client);

        server.Stop();
        // Told before the ports close, which stay open as long as work is under way.
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, await NextAsync(watch));
        var isReady = (await client.ServerReadyAsync(new ServerReadyRequest(), cancellationToken: TestContext.Current.CancellationToken)).Ready;
        var readiness = await probe.GetAsync(new Uri("/v2/health/ready", UriKind.Relative), TestContext.Current.CancellationToken);
        var late = await Calls.StatusAsync(client.InferAsync(TestModels.Slow(0)));

        Assert.False(isReady);
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, readiness.StatusCode);
        Assert.Equal(StatusCode.Unavailable, late.StatusCode);
        Assert.Contains("shutting down", late.Detail, StringComparison.Ordinal);
        foreach (var response in await Task.WhenAll(underWay)) Assert.Equal([1f, 2, 3, 4], TestModels.Output<float>(response));
        Assert.Equal(StatusCode.Unavailable, (await Calls.StatusAsync(idle.ResponseStream.MoveNext(TestContext.Current.CancellationToken))).StatusCode);
        Assert.Equal(0, await server.ExitAsync());
        Assert.DoesNotContain("fail:", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminate_WithARunLongerThanTheDrainTimeout_ExitsAllTheSame()
    {
        using var models = TestModels.Repository("slow");
        await using var server = ServerProcess.Start($"--Serving:ModelRepository={models.Path}", "--Serving:GrpcPort=0", "--Serving:HttpPort=0", "--Serving:DrainTimeout=00:00:01");
        using var channel = GrpcChannel.ForAddress((await server.ReadyAsync()).Grpc);
        var endless = Calls.StatusAsync(ServerProcess.Client(channel).InferAsync(TestModels.Slow(Endless)));
        await UntilRunningAsync(ServerProcess.Client(channel));

        var started = TimeProvider.System.GetTimestamp();
        server.Stop();
        var code = await server.ExitAsync();

        Assert.Equal(0, code);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(50));
        Assert.NotEqual(StatusCode.OK, (await endless).StatusCode);
        Assert.Contains("Serving:DrainTimeout", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminate_WithIdleConnections_ExitsAtOnce()
    {
        await using var server = ServerProcess.Start("--Serving:GrpcPort=0", "--Serving:HttpPort=0", "--Serving:DrainTimeout=00:05:00");
        var (grpc, http) = await server.ReadyAsync();
        using var channel = GrpcChannel.ForAddress(grpc);
        using var probe = new HttpClient { BaseAddress = new Uri(http) };
        Assert.Equal(Digits.Label(0), Assert.Single(Digits.Answers(await ServerProcess.Client(channel).InferAsync(Digits.Request(0)))));
        Assert.True((await probe.GetAsync(new Uri("/v2/health/ready", UriKind.Relative), TestContext.Current.CancellationToken)).IsSuccessStatusCode);

        server.Stop();

        // Waits for a minute: far from what draining may take.
        Assert.Equal(0, await server.ExitAsync());
    }

    private static async Task<HealthCheckResponse.Types.ServingStatus> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        return watch.ResponseStream.Current.Status;
    }

    /// <summary>Returns once the first batch has ended, when the others wait or run: everything has long arrived.</summary>
    private static async Task UntilWaitingAsync(GRPCInferenceService.GRPCInferenceServiceClient client)
    {
        while ((await client.StatisticsAsync("slow", "1")).ExecutionCount == 0) await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
    }

    /// <summary>Nothing tells from outside that a run has begun, except that a neighbour has to wait for it. One that came first has not.</summary>
    private static async Task UntilRunningAsync(GRPCInferenceService.GRPCInferenceServiceClient client)
    {
        Status neighbour;
        do
        {
            neighbour = await Calls.StatusAsync(client.ModelInferAsync(TestModels.Slow(0), deadline: Calls.In(TimeSpan.FromSeconds(3)), cancellationToken: TestContext.Current.CancellationToken).ResponseAsync);
        }
        while (neighbour.StatusCode == StatusCode.OK);
        Assert.Equal(StatusCode.DeadlineExceeded, neighbour.StatusCode);
    }
}
