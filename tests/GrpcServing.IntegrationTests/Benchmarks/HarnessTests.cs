using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.LoadGenerator.Comparison;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Benchmarks;

/// <summary>What the comparison counts is what the server did.</summary>
[Collection(Alone.Name)]
public sealed class HarnessTests
{
    private const string Core = "0";
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task H2Load_OfGrpcRequests_CountsEachAnswerOnce()
    {
        await SkipWhereMissingAsync();
        await using var server = await RunningServer.StartAsync(TestPaths.BenchModels);
        var model = BenchModel.All[0];
        using var directory = new TemporaryDirectory();
        var body = Path.Combine(directory.Path, "body");
        H2Load.WriteBody(model.Request(), body);
        var answer = H2Load.Framed(await server.Client.InferAsync(model.Request()));

        var load = await H2Load.RunAsync(Core, server.GrpcAddress, body, concurrency: 16, requests: 500);

        Assert.Equal((500, 0), (load.Done, load.Broken));
        Assert.Equal(500 * answer, load.BodyBytes);
        var statistics = Assert.Single((await server.Client.ModelStatisticsAsync(new ModelStatisticsRequest { Name = model.Name })).ModelStats);
        Assert.Equal(501, (long)statistics.InferenceStats.Success.Count);
    }

    /// <summary>h2load takes every HTTP 200 for a success; that a gRPC error has no body is how the harness tells.</summary>
    [Fact]
    public async Task H2Load_OfRefusedRequests_SeesNoAnswer()
    {
        await SkipWhereMissingAsync();
        await using var server = await RunningServer.StartAsync(TestPaths.BenchModels);
        using var directory = new TemporaryDirectory();
        var body = Path.Combine(directory.Path, "body");
        H2Load.WriteBody(new ModelInferRequest { ModelName = "nobody" }, body);

        var load = await H2Load.RunAsync(Core, server.GrpcAddress, body, concurrency: 4, requests: 20);

        Assert.Equal((20, 0, 0), (load.Done, load.Broken, load.BodyBytes));
    }

    [Fact]
    public async Task H2Load_WithALog_TellsTheMedian()
    {
        await SkipWhereMissingAsync();
        await using var server = await RunningServer.StartAsync(TestPaths.BenchModels);
        using var directory = new TemporaryDirectory();
        var body = Path.Combine(directory.Path, "body");
        H2Load.WriteBody(BenchModel.All[0].Request(), body);

        var load = await H2Load.RunAsync(Core, server.GrpcAddress, body, concurrency: 1, warmup: TimeSpan.Zero, window: Window, log: Path.Combine(directory.Path, "log"));

        Assert.InRange(load.MedianMicroseconds, 1, Window.TotalMicroseconds);
    }

    private static async Task SkipWhereMissingAsync()
    {
        var missing = await Workshop.FindMissingAsync();
        Assert.SkipWhen(missing.Length > 0, missing);
    }
}
