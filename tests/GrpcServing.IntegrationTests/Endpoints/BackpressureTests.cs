using Grpc.Core;
using Grpc.Net.Client;
using GrpcServing.IntegrationTests.Hosting;
using static GrpcServing.IntegrationTests.Endpoints.TestRepositoryServer;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>Streams whose client does not read: the server stops reading too, serves others, and gets every buffer back.</summary>
public sealed class BackpressureTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    private const int Requests = 2000;

    /// <summary>100 KB there and back.</summary>
    private static readonly byte[] Row = new byte[100_000];

    [Fact]
    public async Task ModelStreamInfer_ClientThatDoesNotRead_HoldsBoundedMemoryAndGoesOnLater()
    {
        using var call = models.Server.Client.ModelStreamInfer(cancellationToken: TestContext.Current.CancellationToken);
        var written = 0;
        var writing = Task.Run(async () =>
        {
            for (; written < Requests; written++) await call.RequestStream.WriteAsync(Large(written));
            await call.RequestStream.CompleteAsync();
        });
        await StallsAsync(() => Volatile.Read(ref written));

        var stalledAt = Volatile.Read(ref written);
        var held = models.Server.Pool.Rented - models.Server.Pool.Returned;
        await models.Server.Client.InferAsync(Good());
        for (var i = 0; i < Requests; i++)
        {
            Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
            Assert.Equal($"{i}", call.ResponseStream.Current.InferResponse.Id);
        }
        await writing;

        Assert.InRange(stalledAt, 1, Requests - 1);
        Assert.InRange(held, 0, 2 * 300);
        Assert.False(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        await models.Server.AllBuffersReturnedAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task ModelInfer_BesideAStreamThatStallsOnTheSameConnection_IsAnswered(int before)
    {
        using var channel = GrpcChannel.ForAddress(models.Server.GrpcAddress);
        var client = new Protos.GRPCInferenceService.GRPCInferenceServiceClient(channel);
        // How much of the connection's window has not been given back when the stream stalls hangs on what went before.
        for (var i = 0; i < before; i++) await client.InferAsync(Large(i));
        using var leaving = new CancellationTokenSource();
        using var call = client.ModelStreamInfer(cancellationToken: leaving.Token);
        var written = 0;
        var writing = Task.Run(async () =>
        {
            for (; written < Requests; written++) await call.RequestStream.WriteAsync(Large(written));
        });
        await StallsAsync(() => Volatile.Read(ref written));

        await client.ModelInferAsync(Good(), deadline: Calls.In(TimeSpan.FromSeconds(10)), cancellationToken: TestContext.Current.CancellationToken);

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => writing);
    }

    [Fact]
    public async Task ModelStreamInfer_ClientThatNeverReadsLeaves_ReturnsEveryBuffer()
    {
        for (var round = 0; round < 3; round++)
        {
            using var leaving = new CancellationTokenSource();
            using var call = models.Server.Client.ModelStreamInfer(cancellationToken: leaving.Token);
            var written = 0;
            var writing = Task.Run(async () =>
            {
                for (; written < Requests; written++) await call.RequestStream.WriteAsync(Large(written));
            });
            await StallsAsync(() => Volatile.Read(ref written));

            await leaving.CancelAsync();

            await Assert.ThrowsAnyAsync<Exception>(() => writing);
            await models.Server.AllBuffersReturnedAsync();
        }
    }

    [Fact]
    public async Task ModelStreamInfer_HundredStreamsAtOnce_KeepToThemselves()
    {
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async stream =>
        {
            using var call = models.Server.Client.ModelStreamInfer(cancellationToken: TestContext.Current.CancellationToken);
            for (var i = 0; i < 20; i++) await call.RequestStream.WriteAsync(TestModels.Versions(stream * 100 + i, ""));
            await call.RequestStream.CompleteAsync();
            for (var i = 0; i < 20; i++)
            {
                Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
                Assert.Equal([(stream * 100) + i + 3f], Values<float>(call.ResponseStream.Current.InferResponse.RawOutputContents[0]));
            }
            Assert.False(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        }));

        await models.Server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task ModelStreamInfer_MalformedMessage_IsAnsweredAndTheStreamStaysOpen()
    {
        var raw = Marshallers.Create(static bytes => bytes, static bytes => bytes);
        var method = new Method<byte[], byte[]>(MethodType.DuplexStreaming, "inference.GRPCInferenceService", "ModelStreamInfer", raw, raw);
        using var call = models.Server.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(method, null, new CallOptions());
        await call.RequestStream.WriteAsync([0x0A, 0xFF]);
        await call.RequestStream.WriteAsync(Google.Protobuf.MessageExtensions.ToByteArray(Good()));
        await call.RequestStream.CompleteAsync();

        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Contains("not a valid ModelInferRequest", Protos.ModelStreamInferResponse.Parser.ParseFrom(call.ResponseStream.Current).ErrorMessage, StringComparison.Ordinal);
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Equal("", Protos.ModelStreamInferResponse.Parser.ParseFrom(call.ResponseStream.Current).ErrorMessage);
        Assert.False(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
    }

    private static Protos.ModelInferRequest Large(int id)
    {
        var request = Request("identity_uint8", ("INPUT0", "UINT8", [1, Row.Length], Row));
        request.Id = $"{id}";
        return request;
    }

    /// <summary>Returns when a count that has begun to move has not moved for half a second.</summary>
    private static async Task StallsAsync(Func<int> count)
    {
        for (var before = 0; before == 0 || before != count();)
        {
            before = count();
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
