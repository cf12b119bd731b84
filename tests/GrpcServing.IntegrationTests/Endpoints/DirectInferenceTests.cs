using Google.Protobuf;
using Grpc.Core;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;
using GrpcServing.Telemetry;
using static GrpcServing.IntegrationTests.Endpoints.TestRepositoryServer;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>ModelInfer past Grpc.AspNetCore, which answers the same calls when they come compressed: the oracle.</summary>
public sealed class DirectInferenceTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    private static readonly Dictionary<string, byte[]> Messages = new()
    {
        ["good"] = Good().ToByteArray(),
        ["unknown model"] = Request("modèle 100 %\n模型").ToByteArray(),
        ["no inputs"] = Request("versions").ToByteArray(),
        ["wrong shape, with an id"] = With(static request =>
        {
            request.Id = "é-1";
            request.Inputs[0].Shape[1] = 7;
        }).ToByteArray(),
        ["wrong bytes"] = Request("versions", ("x", "FP32", [2, 1], [1, 2, 3])).ToByteArray(),
        ["sequence"] = With(static request => request.Parameters["sequence_id"] = new InferParameter { Int64Param = 1 }).ToByteArray(),
        ["not a message"] = [0x0A, 0xFF, 0xFF],
        ["nothing"] = [],
        ["a run that fails"] = TestModels.Poison(99).ToByteArray(),
    };

    public static TheoryData<string> Names => [.. Messages.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task ModelInfer_ThisWayAndTheOther_AnswerTheSame(string name)
    {
        var direct = await SendAsync(WireCall.Frame(compressed: false, Messages[name]));
        var other = await SendAsync(WireCall.Frame(compressed: true, WireCall.GZip(Messages[name])));

        Assert.Equal((other.Status, other.Message, other.Pushback, other.ContentType), (direct.Status, direct.Message, direct.Pushback, direct.ContentType));
        Assert.Equal(other.Body, direct.Body);
        await models.Server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task ModelInfer_BodyByteByByte_IsAnswered()
    {
        var answer = await WireCall.SendAsync(models.Server.GrpcAddress, new PiecewiseContent(WireCall.Frame(Good()).Select(static value => new[] { value }), static async () => await Task.Yield()));

        Assert.Equal(StatusCode.OK, answer.Status);
        Assert.Equal([3f, 4f], Values<float>(ModelInferResponse.Parser.ParseFrom(answer.Body.AsSpan(5)).RawOutputContents[0]));
    }

    [Theory]
    [InlineData("0m")]
    [InlineData("soon")]
    [InlineData("123456789H")]
    [InlineData("99999999H")]
    public async Task ModelInfer_TimeoutThatIsNoneOrForEver_IsAnswered(string timeout) =>
        Assert.Equal(StatusCode.OK, (await WireCall.SendAsync(models.Server.GrpcAddress, new ByteArrayContent(WireCall.Frame(Good())), timeout: timeout)).Status);

    [Fact]
    public async Task ModelInfer_DeadlinePassesWhileTheBodyComes_EndsTheCallAndLeavesTheConnection()
    {
        var never = new TaskCompletionSource();
        var frame = WireCall.Frame(Good());

        var answer = await WireCall.SendAsync(models.Server.GrpcAddress, new PiecewiseContent([frame[..^1]], () => never.Task), timeout: "100m", cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(StatusCode.DeadlineExceeded, answer.Status);
        Assert.Contains("before the whole request had come", answer.Message, StringComparison.Ordinal);
        Assert.Matches("grpcserving_requests_total{outcome=\"deadline_expired\"} 1", await models.Server.Http.GetStringAsync("metrics", TestContext.Current.CancellationToken));
        await models.Server.AllBuffersReturnedAsync();
        never.SetResult();
    }

    [Fact]
    public async Task ModelInfer_CallerGoesWhileTheBodyComes_IsCountedAndReturnsEveryBuffer()
    {
        using var leaving = new CancellationTokenSource();
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var never = new TaskCompletionSource();
        var body = new PiecewiseContent([WireCall.Frame(Good())[..^1]], () =>
        {
            sent.SetResult();
            return never.Task;
        });
        var call = WireCall.SendAsync(models.Server.GrpcAddress, body, cancellation: leaving.Token);
        await sent.Task;
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);

        await Calls.UntilAsync(() => models.Server.Service<ServingMetrics>().WriteText(openMetrics: false).Contains("requests_total{outcome=\"cancelled\"} 1", StringComparison.Ordinal), "it is counted");
        await models.Server.Client.ModelInferAsync(Good());
        await models.Server.AllBuffersReturnedAsync();
        never.SetResult();
    }

    [Fact]
    public async Task ModelInfer_DeadlineOfEachCallOfAConnection_IsItsOwn()
    {
        // One after another on one connection: the stream's timer is used again and again.
        for (var i = 0; i < 20; i++)
        {
            var late = await Calls.StatusAsync(models.Server.Client.ModelInferAsync(TestModels.Slow(1L << 40), deadline: Calls.In(TimeSpan.FromMilliseconds(30)), cancellationToken: TestContext.Current.CancellationToken).ResponseAsync);
            var good = await models.Server.Client.ModelInferAsync(Good(), deadline: Calls.In(TimeSpan.FromSeconds(30)), cancellationToken: TestContext.Current.CancellationToken);

            Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
            Assert.Equal([3f, 4f], Values<float>(good.RawOutputContents[0]));
        }
        await models.Server.AllBuffersReturnedAsync();
    }

    private static ModelInferRequest With(Action<ModelInferRequest> change)
    {
        var request = Good();
        change(request);
        return request;
    }

    private Task<WireAnswer> SendAsync(byte[] frame) => WireCall.SendAsync(models.Server.GrpcAddress, new ByteArrayContent(frame), cancellation: TestContext.Current.CancellationToken);
}
