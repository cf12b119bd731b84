using System.Net;
using System.Text;
using Grpc.Core;
using GrpcServing.Batching;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>What callers see of a model that is busy: in gRPC's own codes, and in Triton's where the operator chose them.</summary>
public sealed class OverloadTests
{
    /// <summary>Longer than any test waits.</summary>
    private const long Forever = 1L << 40;

    private const string Rest = """{"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}, {"name": "iterations", "shape": [1, 1], "datatype": "INT64", "data": [0]}]}""";

    [Theory]
    [InlineData("Standard", StatusCode.ResourceExhausted, HttpStatusCode.TooManyRequests)]
    [InlineData("Triton", StatusCode.Unavailable, HttpStatusCode.ServiceUnavailable)]
    public async Task Infer_QueueIsFull_SaysWhenToTryAgain(string codes, StatusCode status, HttpStatusCode http)
    {
        await using var busy = await BusyServer.StartAsync(codes);
        var waiting = Calls.StatusAsync(busy.Server.Client.InferAsync(TestModels.Slow(0)));
        await Calls.UntilAsync(() => busy.Lane.WaitingRows == 1, "one waits");

        var failure = await Assert.ThrowsAsync<RpcException>(() => busy.Server.Client.InferAsync(TestModels.Slow(0)));
        using var body = new StringContent(Rest);
        using var response = await busy.Server.Http.PostAsync("/v2/models/slow/infer", body);
        await busy.FreeAsync();

        Assert.Equal(status, failure.StatusCode);
        Assert.StartsWith("Exceeds maximum queue size", failure.Status.Detail, StringComparison.Ordinal);
        Assert.Equal("100", failure.Trailers.GetValue("grpc-retry-pushback-ms"));
        Assert.Equal(http, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter!.Delta);
        Assert.Equal(StatusCode.OK, (await waiting).StatusCode);
    }

    [Theory]
    [InlineData("Standard")]
    [InlineData("Triton")]
    public async Task Infer_TimeoutParameterPassesInTheQueue_IsUnavailable(string codes)
    {
        await using var busy = await BusyServer.StartAsync(codes);
        foreach (var timeout in new[] { new Protos.InferParameter { Int64Param = 20_000 }, new Protos.InferParameter { Uint64Param = 20_000 } })
        {
            var request = TestModels.Slow(0);
            request.Id = "late";
            request.Parameters["timeout"] = timeout;

            var status = await Calls.StatusAsync(busy.Server.Client.InferAsync(request));

            Assert.Equal(StatusCode.Unavailable, status.StatusCode);
            Assert.StartsWith("[request id: late] Request timeout expired", status.Detail, StringComparison.Ordinal);
        }
        await busy.FreeAsync();
    }

    [Fact]
    public async Task StreamInfer_DeadlinePassesInTheQueue_SaysSoAndReturnsEveryBuffer()
    {
        await using var busy = await BusyServer.StartAsync("Standard");
        using var call = busy.Server.Client.ModelStreamInfer(deadline: Calls.In(TimeSpan.FromSeconds(1)));

        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            // On a busy machine the deadline may pass before the request is on its way; the outcome is the same.
            await call.RequestStream.WriteAsync(TestModels.Slow(0));
            while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
                Assert.StartsWith("Deadline", call.ResponseStream.Current.ErrorMessage, StringComparison.Ordinal);
        });

        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
        await busy.FreeAsync();
    }

    /// <summary>A server whose only executor runs for ever, with room for one row behind it.</summary>
    private sealed class BusyServer(TemporaryDirectory models, RunningServer server, CancellationTokenSource caller, Task<Status> occupying) : IAsyncDisposable
    {
        public RunningServer Server => server;

        public Lane Lane => server.Repository.Table.Find("slow")!.Newest!.Lane;

        public static async Task<BusyServer> StartAsync(string codes)
        {
            var models = TestModels.Repository("slow");
            await File.WriteAllTextAsync(Path.Combine(models.Path, "slow", "model.json"), """{ "maxBatchSize": 1, "batching": { "maxQueueRows": 1 }, "execution": { "instances": 1 } }""", Encoding.UTF8);
            var server = await RunningServer.StartAsync(models.Path, $"--Serving:StatusCodes={codes}");
            var caller = new CancellationTokenSource();
            var busy = new BusyServer(models, server, caller, Calls.StatusAsync(server.Client.InferUntilAsync(TestModels.Slow(Forever), caller)));
            await Calls.UntilAsync(() => busy.Lane.BusyExecutors == 1, "the endless run began");
            return busy;
        }

        /// <summary>Ends the endless run; afterwards nothing may be left of any request.</summary>
        public async Task FreeAsync()
        {
            await caller.CancelAsync();
            Assert.Equal(StatusCode.Cancelled, (await occupying).StatusCode);
            await Calls.UntilAsync(() => Lane.WaitingRows == 0, "nothing waits any more");
            await server.Client.InferAsync(TestModels.Slow(0));
            await server.AllBuffersReturnedAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await caller.CancelAsync();
            await server.DisposeAsync();
            caller.Dispose();
            models.Dispose();
        }
    }
}
