using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Batching;

/// <summary>A request that makes the run of its batch fail is the only one that fails.</summary>
public sealed class IsolationTests
{
    [Fact]
    public async Task Infer_WithOnePoisonedOf64_FailsOnlyThatOne()
    {
        using var models = TestModels.Repository("poison");
        await using var server = await RunningServer.StartAsync(models.Path);

        for (var round = 0; round < 10; round++)
        {
            var poisoned = round * 6;
            var statuses = await Task.WhenAll(Enumerable.Range(0, 64).Select(async call =>
            {
                var first = call == poisoned ? 99f : call % 8;
                var answer = server.Client.InferAsync(TestModels.Poison(first));
                var status = await Calls.StatusAsync(answer);
                if (status.StatusCode == StatusCode.OK) Assert.Equal([10 * first], TestModels.Output<float>(await answer));
                return status;
            }));

            Assert.Equal(StatusCode.Internal, statuses[poisoned].StatusCode);
            Assert.Contains("poison", statuses[poisoned].Detail, StringComparison.Ordinal);
            Assert.Equal(63, statuses.Count(static status => status.StatusCode == StatusCode.OK));
        }
        await server.AllBuffersReturnedAsync();
    }
}
