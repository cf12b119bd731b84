using System.Runtime.InteropServices;
using GrpcServing.Admission;
using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;
using GrpcServing.Telemetry;

namespace GrpcServing.Tests.Batching;

/// <summary>A lane over one <see cref="ScriptedExecutor"/>, with everything else as the server has it.</summary>
internal sealed class LaneFixture : IAsyncDisposable
{
    private readonly ShapeTable _shapes;

    public LaneFixture(int maxBatchSize = 8, int maxQueueRows = 64, BatchPolicyKind policy = BatchPolicyKind.Greedy, TimeSpan inlineLimit = default, LatencyTable? table = null)
    {
        var spec = new ModelSpec
        {
            Name = "plus_one",
            Version = 1,
            MaxBatchSize = maxBatchSize,
            Inputs = [new TensorSpec { Name = "x", DataType = TensorDataType.Fp32, Dims = [1], GraphDims = [1] }],
            Outputs = [new TensorSpec { Name = "y", DataType = TensorDataType.Fp32, Dims = [1], GraphDims = [1] }],
        };
        _shapes = new ShapeTable(spec);
        var batching = new BatchingConfiguration { Policy = policy };
        var time = TimeProvider.System;
        Statistics = new VersionStatistics(time);
        Bounds = new QueueBounds(maxQueueRows, long.MaxValue);
        var circuit = new CircuitBreaker(CircuitSettings.Requests, time.TimestampFrequency);
        var scheduler = Schedulers.Create(batching, new SchedulerSettings { MaxBatchRows = maxBatchSize, TicksPerSecond = time.TimestampFrequency }, table ?? new MeasuredLatencyTable(maxBatchSize));
        Lane = new Lane(scheduler, new BatchRunner(spec, Pool, Statistics, circuit, time), [Executor], Bounds, circuit,
            new DeadlinePolicy(batching, Timeout.InfiniteTimeSpan, time.TimestampFrequency), time, inlineLimit);
    }

    public ScriptedExecutor Executor { get; } = new();

    public TensorPool Pool { get; } = new();

    public QueueBounds Bounds { get; }

    public VersionStatistics Statistics { get; }

    public Lane Lane { get; }

    /// <summary>Sends rows and returns the answer, or the error; all buffers are given back.</summary>
    public Task<(float[] Rows, ServingError Error)> SendAsync(float[] rows) => SendAsync(rows, long.MaxValue, default);

    public async Task<(float[] Rows, ServingError Error)> SendAsync(float[] rows, long deadline, CancellationToken cancellation)
    {
        var bytes = MemoryMarshal.AsBytes<float>(rows).ToArray();
        var body = Pool.Rent(bytes.Length);
        bytes.CopyTo(body.GetSpan());
        var decoded = new DecodedRequest { Id = "", Body = body, Inputs = [new InputSlice(0, bytes.Length)], Bucket = _shapes.Only!, Rows = rows.Length };
        try
        {
            var pending = new PendingRequest(decoded);
            var error = await Lane.SubmitAsync(pending, deadline, cancellation);
            if (!error.IsNone) return ([], error);
            var answer = MemoryMarshal.Cast<byte, float>(pending.Result!.Bytes(0)).ToArray();
            pending.Result.Release();
            return (answer, error);
        }
        finally
        {
            decoded.Release();
        }
    }

    public ValueTask DisposeAsync() => Lane.DisposeAsync();
}
