using Grpc.Core;
using GrpcServing.IntegrationTests.Endpoints;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Protos;
using static GrpcServing.IntegrationTests.Endpoints.TestRepositoryServer;

namespace GrpcServing.IntegrationTests.Batching;

/// <summary>Requests of other lengths share batches where the model says that it may be padded, and no caller sees it.</summary>
public sealed class PaddingTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    [Fact]
    public async Task Infer_AnyLengthsAtOnce_AnswersEachAsIfAlone()
    {
        var random = new Random(7);
        var requests = Enumerable.Range(0, 300).Select(_ => new Padded(random, rows: random.Next(1, 4), length: random.Next(0, 11), height: random.Next(1, 5), width: random.Next(1, 7))).ToArray();

        var responses = await Task.WhenAll(requests.Select(request => models.Server.Client.InferAsync(request.Message())));

        for (var i = 0; i < requests.Length; i++) requests[i].AssertAnswer(responses[i]);
        await models.Server.AllBuffersReturnedAsync();
    }

    [Fact]
    public async Task Infer_ManyLengths_RunInTheSizesThatAreConfigured()
    {
        using var repository = TestModels.Repository("padded");
        await using var server = await RunningServer.StartAsync(repository.Path);
        var random = new Random(8);
        for (var length = 1; length <= 8; length++)
            await server.Client.InferAsync(new Padded(random, 1, length, 2, 3).Message());

        var statistics = await server.Client.ModelStatisticsAsync(new ModelStatisticsRequest { Name = "padded" });

        // (length, height, width): the sweep measured (4, 3, 2) and (8, 3, 5), the requests ran as (4, 3, 5) and (8, 3, 5).
        Assert.Equal([0, 1, 2], statistics.ModelStats[0].BatchLatency.Select(static entry => (int)entry.Bucket).Distinct().Order());
    }

    [Fact]
    public async Task Infer_InputsDisagreeOnADimension_IsRefusedByItsName()
    {
        var request = Request("padded",
            ("tokens", "INT64", [1, 2], Bytes(1L, 2L)), ("mask", "FP32", [1, 3], Bytes(1f, 1f, 1f)), ("grid", "FP32", [1, 1, 2, 1], Bytes(1f, 2f)));

        var failure = await models.FailsAsync(request);

        Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
        Assert.StartsWith("dimension 'length' has more than one size in the inputs for model 'padded'", failure.Status.Detail, StringComparison.Ordinal);
    }

    private sealed class Padded
    {
        private readonly long[] _tokens;
        private readonly float[] _mask;
        private readonly float[] _grid;
        private readonly long[] _sequence;
        private readonly long[] _image;

        public Padded(Random random, int rows, int length, int height, int width)
        {
            _tokens = [.. Enumerable.Range(0, rows * length).Select(_ => (long)random.Next(1, 100))];
            _mask = [.. _tokens.Select(_ => (float)random.Next(1, 3))];
            _grid = [.. Enumerable.Range(0, rows * height * 2 * width).Select(_ => (float)random.Next(1, 100))];
            (_sequence, _image) = ([rows, length], [rows, height, 2, width]);
        }

        public ModelInferRequest Message() => Request("padded", ("tokens", "INT64", _sequence, Bytes(_tokens)), ("mask", "FP32", _sequence, Bytes(_mask)), ("grid", "FP32", _image, Bytes(_grid)));

        public void AssertAnswer(ModelInferResponse response)
        {
            float[] each = [.. _tokens.Zip(_mask, static (token, mask) => token * mask)];
            Assert.Equal(_sequence, response.Outputs[0].Shape);
            Assert.Equal(each, Values<float>(response.RawOutputContents[0]));
            Assert.Equal([_sequence[0], 1], response.Outputs[1].Shape);
            var length = (int)_sequence[1];
            Assert.Equal(Enumerable.Range(0, (int)_sequence[0]).Select(row => each.Skip(row * length).Take(length).Sum()), Values<float>(response.RawOutputContents[1]));
            Assert.Equal(_image, response.Outputs[2].Shape);
            Assert.Equal(_grid.Select(static value => 2 * value), Values<float>(response.RawOutputContents[2]));
        }
    }
}
