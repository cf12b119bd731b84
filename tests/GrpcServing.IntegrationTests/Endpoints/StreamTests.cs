using Grpc.Core;
using GrpcServing.Protos;
using static GrpcServing.IntegrationTests.Endpoints.TestRepositoryServer;

namespace GrpcServing.IntegrationTests.Endpoints;

public sealed class StreamTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    [Fact]
    public async Task ModelStreamInfer_ManyWithSomeBad_AnswersInOrderAndStaysOpen()
    {
        using var call = models.Server.Client.ModelStreamInfer();
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < 1000; i++)
            {
                var request = Request(i % 10 == 3 ? "nope" : "versions", ("x", "FP32", [1, 1], Bytes((float)i)));
                request.Id = $"{i}";
                await call.RequestStream.WriteAsync(request);
            }
            await call.RequestStream.CompleteAsync();
        });

        for (var i = 0; i < 1000; i++)
        {
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            var response = call.ResponseStream.Current;
            Assert.Equal($"{i}", response.InferResponse.Id);
            if (i % 10 == 3) Assert.Contains("'nope' is not found", response.ErrorMessage, StringComparison.Ordinal);
            else Assert.Equal([i + 3f], Values<float>(response.InferResponse.RawOutputContents[0]));
        }
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
        await sending;
    }

    [Fact]
    public async Task ModelStreamInfer_TritonErrorHeader_EndsWithTheStatus()
    {
        using var call = models.Server.Client.ModelStreamInfer(new Metadata { { "triton_grpc_error", "true" } });
        await call.RequestStream.WriteAsync(Request("nope"));

        var failure = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal(StatusCode.NotFound, failure.StatusCode);
    }

    [Fact]
    public async Task ModelStreamInfer_CallerLeavesInTheMiddle_ReturnsEveryBuffer()
    {
        for (var round = 0; round < 20; round++)
        {
            using var leaving = new CancellationTokenSource();
            using var call = models.Server.Client.ModelStreamInfer(cancellationToken: leaving.Token);
            for (var i = 0; i < 50; i++) await call.RequestStream.WriteAsync(Request("large", ("x", "FP32", [1, 5000], new byte[20000])));
            await call.ResponseStream.MoveNext(CancellationToken.None);
            await leaving.CancelAsync();
        }

        await BuffersReturnAsync();
    }

    private async Task BuffersReturnAsync()
    {
        var pool = models.Server.Pool;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        while (pool.Rented != pool.Returned)
        {
            Assert.False(patience.IsCancellationRequested, $"{pool.Rented - pool.Returned} buffers did not come back.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }
}
