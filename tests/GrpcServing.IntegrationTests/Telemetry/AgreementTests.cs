using Grpc.Core;
using GrpcServing.Hosting;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>The server's counts are the client's, to the last request, row and byte.</summary>
[Collection(Alone.Name)]
public sealed class AgreementTests
{
    private const long Forever = 1L << 40;
    private const int QueueRows = 4;
    private const int Overloads = 4;
    private const int Workers = 16;
    private const int Rounds = 60;

    [Fact]
    public async Task Metrics_AfterLoadOfEveryKind_AgreeWithTheClient()
    {
        using var models = TestModels.Repository("slow", "poison", "versions");
        TestPaths.CopyModel(TestPaths.Examples, "digits", models.Path);
        await File.WriteAllTextAsync(Path.Combine(models.Path, "slow", "model.json"), $$"""{ "maxBatchSize": 1, "batching": { "maxQueueRows": {{QueueRows}} }, "execution": { "instances": 1 } }""", TestContext.Current.CancellationToken);
        await using var server = await RunningServer.StartAsync(models.Path);
        using var meter = new MeterTotals(server);
        var counts = new ClientCounts(server.Client);

        await Task.WhenAll([OverloadAsync(server, counts), .. Enumerable.Range(0, Workers).Select(worker => MixAsync(counts, worker))]);
        // As the client sees a server that stops.
        Assert.True(server.Service<DrainState>().TryBegin());
        Assert.Equal(StatusCode.Unavailable, await counts.SendAsync(Digits.Request(0), ""));
        var scrape = await Scrape.OfAsync(server.Http);

        AssertRequests(scrape, meter, counts);
        AssertRowsAndBytes(scrape, counts);
        AssertBatches(scrape, counts);
        AssertTriton(scrape, counts);
    }

    /// <summary>Requests that fit, do not fit, name what is not there, or make the run fail, from one caller among many.</summary>
    private static async Task MixAsync(ClientCounts counts, int worker)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var rows = 1 + ((worker + round) % 5);
            Assert.Equal(StatusCode.OK, await counts.SendAsync(Digits.Request(round, rows, "1"), "1"));
            Assert.Equal(StatusCode.OK, await counts.SendAsync(Digits.Request(round, rows), "2"));
            Assert.Equal(StatusCode.OK, await counts.SendAsync(TestModels.Versions(round, "2"), "2"));
            Assert.Equal(StatusCode.InvalidArgument, await counts.SendAsync(Digits.Request(0).Misshapen(), "2"));
            Assert.Equal(StatusCode.NotFound, await counts.SendAsync(TestModels.Versions(1, "", $"unknown_{worker}_{round}"), ""));
            Assert.Equal(StatusCode.NotFound, await counts.SendAsync(TestModels.Versions(1, $"{1000 + round}"), ""));
            Assert.Equal(StatusCode.InvalidArgument, await counts.SendAsync(TestModels.Versions(1, "new"), ""));
            // Fails now and then, alone of its batch.
            var first = (round + worker) % 7 == 0 ? 100 : 1;
            Assert.Equal(first == 100 ? StatusCode.Internal : StatusCode.OK, await counts.SendAsync(TestModels.Poison(first), "1"));
        }
    }

    /// <summary>A lane that is busy for ever: those behind the bound are refused, those in the queue run out of time or leave.</summary>
    private static async Task OverloadAsync(RunningServer server, ClientCounts counts)
    {
        var lane = server.Repository.Table.Find("slow")!.Newest!.Lane;
        using var running = new CancellationTokenSource();
        var endless = counts.SendAsync(TestModels.Slow(Forever), "1", running.Token);
        await Calls.UntilAsync(() => lane.BusyExecutors == 1, "the endless run began");
        for (var round = 0; round < Overloads; round++)
        {
            using var leaving = new CancellationTokenSource();
            var waiting = Enumerable.Range(0, QueueRows).Select(_ => counts.SendAsync(TestModels.Slow(0), "1", leaving.Token)).ToArray();
            await Calls.UntilAsync(() => lane.WaitingRows == QueueRows, "the queue is full");
            for (var i = 0; i < 10; i++) Assert.Equal(StatusCode.ResourceExhausted, await counts.SendAsync(TestModels.Slow(0), "1"));
            await leaving.CancelAsync();
            Assert.All(await Task.WhenAll(waiting), static end => Assert.Equal(StatusCode.Cancelled, end));
            await Calls.UntilAsync(() => lane.WaitingRows == 0, "all have left");
            var late = Enumerable.Range(0, QueueRows).Select(_ => counts.SendWithDeadlineAsync(TestModels.Slow(0), "1", 200));
            Assert.All(await Task.WhenAll(late), static end => Assert.Equal(StatusCode.DeadlineExceeded, end));
            await Calls.UntilAsync(() => lane.WaitingRows == 0, "nobody waits");
        }
        await running.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, await endless);
        Assert.Equal(StatusCode.OK, await counts.SendAsync(TestModels.Slow(0), "1"));
    }

    private static void AssertRequests(Scrape scrape, MeterTotals meter, ClientCounts counts)
    {
        foreach (var (model, version) in new[] { ("digits", "1"), ("digits", "2"), ("versions", "2"), ("poison", "1"), ("slow", "1") })
        {
            AssertOutcome(counts.Requests(model, version, StatusCode.OK), "ok");
            AssertOutcome(counts.Requests(model, version, StatusCode.InvalidArgument), "invalid_argument");
            AssertOutcome(counts.Requests(model, version, StatusCode.Internal), "execution_failed");
            AssertOutcome(counts.Requests(model, version, StatusCode.ResourceExhausted), "queue_full");
            AssertOutcome(counts.Requests(model, version, StatusCode.Cancelled), "cancelled");
            AssertOutcome(counts.Requests(model, version, StatusCode.DeadlineExceeded), "deadline_expired", "deadline_unreachable");

            void AssertOutcome(long expected, params string[] outcomes)
            {
                (string, string)[][] labels = [.. outcomes.Select(outcome => new[] { ("model", model), ("version", version), ("lane", "primary"), ("outcome", outcome) })];
                Assert.Equal(expected, labels.Sum(of => scrape.Sum("grpcserving_requests_total", of)));
                Assert.Equal(expected, labels.Sum(of => scrape.Sum("grpcserving_request_duration_seconds_count", of)));
                Assert.Equal(expected, labels.Sum(of => meter.Counter("grpcserving.requests", of)));
                Assert.Equal(expected, labels.Sum(of => meter.Histogram("grpcserving.request.duration", of).Count));
            }
        }
        Assert.Equal(Workers * Rounds, scrape.Sum("grpcserving_requests_total", ("model", ""), ("outcome", "not_found")));
        Assert.Equal(counts.Requests("versions", "", StatusCode.NotFound), scrape.Sum("grpcserving_requests_total", ("model", "versions"), ("version", ""), ("outcome", "not_found")));
        Assert.Equal(counts.Requests("versions", "", StatusCode.InvalidArgument), scrape.Sum("grpcserving_requests_total", ("model", "versions"), ("version", ""), ("outcome", "invalid_argument")));
        Assert.Equal(1, scrape.Sum("grpcserving_requests_total", ("model", "digits"), ("version", ""), ("outcome", "draining")));
        Assert.Equal(Overloads * QueueRows, scrape.Sum("grpcserving_deadlines_total", ("model", "slow"), ("result", "missed")));
    }

    private static void AssertRowsAndBytes(Scrape scrape, ClientCounts counts)
    {
        foreach (var (model, version) in new[] { ("digits", "1"), ("digits", "2"), ("versions", "2"), ("poison", "1"), ("slow", "1") })
            Assert.Equal(counts.Rows(model, version), scrape.Sum("grpcserving_rows_total", ("model", model), ("version", version)));
        foreach (var version in new[] { "1", "2" })
        {
            Assert.Equal(counts.Rows("digits", version) * Digits.Pixels * sizeof(float), scrape.Sum("grpcserving_input_bytes_total", ("model", "digits"), ("version", version)));
            Assert.Equal(counts.Rows("digits", version) * 10 * sizeof(float), scrape.Sum("grpcserving_output_bytes_total", ("model", "digits"), ("version", version)));
            Assert.Equal(counts.Rows("digits", version), scrape.Sum("grpcserving_predictions_total", ("model", "digits"), ("version", version)));
            Assert.Equal(counts.Rows("digits", version), scrape.Sum("grpcserving_prediction_confidence_count", ("model", "digits"), ("version", version)));
        }
        Assert.DoesNotContain(scrape.Find("grpcserving_predictions_total"), static series => series.Labels["model"] != "digits");
    }

    private static void AssertBatches(Scrape scrape, ClientCounts counts)
    {
        foreach (var version in new[] { "1", "2" })
        {
            (string, string)[] digits = [("model", "digits"), ("version", version)];
            Assert.Equal(counts.Requests("digits", version, StatusCode.OK), scrape.Sum("grpcserving_queue_duration_seconds_count", digits));
            Assert.Equal(counts.Rows("digits", version), scrape.Sum("grpcserving_batch_rows_sum", digits));
            var batches = scrape.Sum("grpcserving_batches_total", digits);
            Assert.Equal(batches, scrape.Sum("grpcserving_batches_started_total", digits));
            Assert.Equal(batches, scrape.Sum("grpcserving_batch_rows_count", digits));
            Assert.Equal(batches, scrape.Sum("grpcserving_batch_wait_seconds_count", digits));
            Assert.Equal(batches, scrape.Sum("grpcserving_execution_duration_seconds_count", digits));
        }
        Assert.True(scrape.Sum("grpcserving_execution_wasted_seconds_total", ("model", "slow")) > 1);
    }

    private static void AssertTriton(Scrape scrape, ClientCounts counts)
    {
        Assert.Equal(counts.Requests("digits", "1", StatusCode.OK), scrape.Sum("nv_inference_request_success", ("model", "digits"), ("version", "1")));
        Assert.Equal(counts.Rows("digits", "1"), scrape.Sum("nv_inference_count", ("model", "digits"), ("version", "1")));
        Assert.Equal(counts.Requests("slow", "1", StatusCode.Cancelled), scrape.Sum("nv_inference_request_failure", ("model", "slow"), ("reason", "CANCELED")));
        Assert.Equal(counts.Requests("slow", "1", StatusCode.ResourceExhausted) + counts.Requests("slow", "1", StatusCode.DeadlineExceeded), scrape.Sum("nv_inference_request_failure", ("model", "slow"), ("reason", "REJECTED")));
        Assert.Equal(counts.Requests("poison", "1", StatusCode.Internal), scrape.Sum("nv_inference_request_failure", ("model", "poison"), ("reason", "BACKEND")));
        var queue = scrape.Sum("nv_inference_queue_duration_us", ("model", "digits"));
        Assert.InRange(scrape.Sum("grpcserving_queue_duration_seconds_sum", ("model", "digits")) * 1e6, queue - 10, queue + 10);
    }
}
