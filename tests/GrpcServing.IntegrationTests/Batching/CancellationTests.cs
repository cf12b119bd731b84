using Grpc.Core;
using GrpcServing.Batching;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Batching;

/// <summary>A caller who goes away gives up the place in the queue, and the executor when nobody else is in the batch.</summary>
public sealed class CancellationTests
{
    /// <summary>Longer than any test waits.</summary>
    private const long Forever = 1L << 40;

    [Fact]
    public async Task Cancel_OfAQueuedRequest_FreesItsPlaceAtOnce()
    {
        using var models = TestModels.Repository("slow");
        await File.WriteAllTextAsync(Path.Combine(models.Path, "slow", "model.json"), """{ "maxBatchSize": 1, "batching": { "maxQueueRows": 2 }, "execution": { "instances": 1 } }""", TestContext.Current.CancellationToken);
        await using var server = await RunningServer.StartAsync(models.Path);
        var lane = server.Repository.Table.Find("slow")!.Newest!.Lane;
        using var running = new CancellationTokenSource();
        using var queued = new CancellationTokenSource();
        using var others = new CancellationTokenSource();
        var first = await OccupyAsync(server, lane, running);
        var leaving = Calls.StatusAsync(server.Client.InferUntilAsync(TestModels.Slow(0), queued));
        var staying = Calls.StatusAsync(server.Client.InferUntilAsync(TestModels.Slow(0), others));
        await Calls.UntilAsync(() => lane.WaitingRows == 2, "two wait");
        Assert.Equal(StatusCode.ResourceExhausted, (await Calls.StatusAsync(server.Client.InferAsync(TestModels.Slow(0)))).StatusCode);

        await queued.CancelAsync();
        await Calls.UntilAsync(() => lane.WaitingRows == 1, "the place is free");
        var last = Calls.StatusAsync(server.Client.InferAsync(TestModels.Slow(0)));
        await Calls.UntilAsync(() => lane.WaitingRows == 2, "the place is taken again");
        await running.CancelAsync();

        Assert.Equal(StatusCode.Cancelled, (await first).StatusCode);
        Assert.Equal(StatusCode.Cancelled, (await leaving).StatusCode);
        Assert.Equal(StatusCode.OK, (await staying).StatusCode);
        Assert.Equal(StatusCode.OK, (await last).StatusCode);
        await server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task Cancel_OfTheOnlyCallerOfARun_EndsTheRun()
    {
        using var models = TestModels.Repository("slow");
        await using var server = await RunningServer.StartAsync(models.Path);
        var lane = server.Repository.Table.Find("slow")!.Newest!.Lane;

        for (var round = 0; round < 3; round++)
        {
            using var running = new CancellationTokenSource();
            var first = await OccupyAsync(server, lane, running);
            await running.CancelAsync();
            Assert.Equal(StatusCode.Cancelled, (await first).StatusCode);

            // Would wait for ever behind a run that went on.
            var next = await server.Client.InferAsync(TestModels.Slow(0));
            Assert.Equal([1f, 2, 3, 4], TestModels.Output<float>(next));
        }
        await server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task Deadline_OfTheOnlyCallerOfARun_EndsTheRun()
    {
        using var models = TestModels.Repository("slow");
        await using var server = await RunningServer.StartAsync(models.Path);

        var status = await Calls.StatusAsync(server.Client.ModelInferAsync(TestModels.Slow(Forever), deadline: Calls.In(TimeSpan.FromSeconds(1)), cancellationToken: TestContext.Current.CancellationToken).ResponseAsync);
        var next = await server.Client.InferAsync(TestModels.Slow(0));

        Assert.Equal(StatusCode.DeadlineExceeded, status.StatusCode);
        Assert.Equal([1f, 2, 3, 4], TestModels.Output<float>(next));
    }

    /// <summary>Sends a request that runs for ever, and returns when it does.</summary>
    private static async Task<Task<Status>> OccupyAsync(RunningServer server, Lane lane, CancellationTokenSource caller)
    {
        var call = Calls.StatusAsync(server.Client.InferUntilAsync(TestModels.Slow(Forever), caller));
        await Calls.UntilAsync(() => lane.BusyExecutors == 1 && lane.WaitingRows == 0, "the endless run began");
        return call;
    }
}
