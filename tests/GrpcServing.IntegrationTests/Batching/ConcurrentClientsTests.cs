using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Batching;

/// <summary>Many clients at once: they share batches and notice nothing of it.</summary>
public sealed class ConcurrentClientsTests
{
    private const int Clients = 64;

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public async Task Infer_By64Clients_AnswersAsOneByOneInFewerRuns(string version)
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        var alone = new float[Clients][];
        for (var i = 0; i < Clients; i++) alone[i] = Digits.Probabilities(await server.Client.InferAsync(Digits.Request(i, version: version)));
        var before = await server.Client.StatisticsAsync("digits", version);

        // Twenty rounds: the first may find the executor idle every time.
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => AskAsync(server.Client, client, version, alone[client]))));

        var after = await server.Client.StatisticsAsync("digits", version);
        var inferences = after.InferenceCount - before.InferenceCount;
        var executions = after.ExecutionCount - before.ExecutionCount;
        Assert.Equal(Clients * 20ul, inferences);
        Assert.True(executions < inferences, $"{inferences} inferences took {executions} executions");
        AssertAddsUp(after);
    }

    [Fact]
    public async Task Infer_WithMixedRowCounts_GivesEachItsOwnRows()
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        var alone = new float[128][];
        for (var i = 0; i < alone.Length; i++) alone[i] = Digits.Probabilities(await server.Client.InferAsync(Digits.Request(i)));

        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(async call =>
        {
            var (first, rows) = (call * 7 % 120, 1 + (call * 5 % 8));
            return (first, rows, Got: Digits.Probabilities(await server.Client.InferAsync(Digits.Request(first, rows))));
        }));

        Assert.All(answers, answer => Assert.True(Digits.AreEqual([.. alone[answer.first..(answer.first + answer.rows)].SelectMany(static row => row)], answer.Got)));
        AssertAddsUp(await server.Client.StatisticsAsync("digits", "2"));
    }

    [Fact]
    public async Task Infer_OfSeveralLengths_GivesEachItsOwnRows()
    {
        using var models = TestModels.Repository("seq");
        await using var server = await RunningServer.StartAsync(models.Path);

        await Task.WhenAll(Enumerable.Range(0, 600).Select(async call =>
        {
            var (rows, length) = (1 + (call % 3), 1 + (call % 7));
            var answer = await server.Client.InferAsync(TestModels.Sequence(rows, length, token: call));
            Assert.Equal(Enumerable.Range(call, rows).Select(static mean => (float)mean), TestModels.Output<float>(answer));
        }));

        AssertAddsUp(await server.Client.StatisticsAsync("seq", "1"));
    }

    private static async Task AskAsync(GRPCInferenceService.GRPCInferenceServiceClient client, int digit, string version, float[] expected)
    {
        for (var round = 0; round < 20; round++)
        {
            var response = await client.InferAsync(Digits.Request(digit, version: version));
            Assert.Equal(Digits.Request(digit).Id, response.Id);
            Assert.True(Digits.AreEqual(expected, Digits.Probabilities(response)), $"digit {digit} in round {round}");
        }
    }

    private static void AssertAddsUp(ModelStatistics statistics)
    {
        Assert.Equal(statistics.InferenceCount, (ulong)statistics.BatchStats.Sum(static size => (long)(size.BatchSize * size.ComputeInfer.Count)));
        Assert.Equal(statistics.ExecutionCount, (ulong)statistics.BatchStats.Sum(static size => (long)size.ComputeInfer.Count));
        Assert.All(statistics.BatchStats, static size => Assert.Equal(size.ComputeInfer.Count, size.ComputeInput.Count));
    }
}
