using System.Runtime.InteropServices;
using GrpcServing.Admission;
using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;
using GrpcServing.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace GrpcServing.Tests.Batching;

/// <summary>A version with its primary lane and a lane of copies on a device that runs one batch at a time, both over <see cref="ScriptedExecutor"/>.</summary>
/// <remarks>Time stands still but for <see cref="Advance"/> and <see cref="InTimeAsync"/>. The table knows every size as 1 ms.</remarks>
internal sealed class ShadowFixture : IAsyncDisposable, IShadowLaneObserver
{
    private readonly ScriptedModel _model = new();
    private readonly ShapeTable _shapes;

    public ShadowFixture(ShadowLaneSettings? settings = null, string device = "cuda", CopyModel? copies = null)
    {
        TensorSpec x = new() { Name = "x", DataType = TensorDataType.Fp32, Dims = [1], GraphDims = [1] };
        var configuration = new ModelConfiguration
        {
            MaxBatchSize = 8,
            Inputs = [x],
            Outputs = [x with { Name = "y" }],
            Batching = new BatchingConfiguration { Policy = BatchPolicyKind.Greedy },
            Execution = new ExecutionConfiguration { Device = device },
        };
        var spec = ModelSpec.Create("plus_one", 1, configuration);
        _shapes = new ShapeTable(spec);
        Devices = new DeviceBoards(this, Time) { Processor = () => new ProcessorMeter(static () => TimeSpan.Zero, 1, null, Time.TimestampFrequency) };
        var latency = new MeasuredLatencyTable(8);
        for (var rows = 1; rows <= 8; rows++) latency.Observe(0, rows, Time.TimestampFrequency / 1000);

        var frequency = Time.TimestampFrequency;
        var statistics = new VersionStatistics(Time);
        var circuit = new CircuitBreaker(CircuitSettings.Requests, frequency);
        var bounds = new QueueBounds(1000, long.MaxValue);
        var lane = new Lane(
            Schedulers.Create(configuration.Batching, SchedulerSettings.From(configuration, 1, frequency), latency),
            new BatchRunner(spec, Pool, statistics, circuit, Time),
            [Primary],
            bounds,
            circuit,
            new DeadlinePolicy(configuration.Batching, Timeout.InfiniteTimeSpan, frequency),
            Time,
            default,
            new PrimaryRole(Devices.Of(device), bounds, latency, 1, configuration.Execution.RunsOnOneThread, frequency));
        Version = new ServedVersion(spec, configuration, _model, lane, _shapes, statistics, latency, new ShadowLaneFactory(Pool, Devices, new StatisticsRegistry(Time), Time)) { Copies = copies };
        Shadow = Version.OpenShadowLane(settings ?? new ShadowLaneSettings())!;
    }

    public FakeTimeProvider Time { get; } = new();

    public ScriptedExecutor Primary { get; } = new();

    public ScriptedExecutor Candidate => _model.Next;

    public TensorPool Pool { get; } = new();

    public DeviceBoards Devices { get; }

    public ServedVersion Version { get; }

    public ShadowLane Shadow { get; }

    public bool IsModelDisposed => _model.IsDisposed;

    /// <summary>What the observer was told, by name.</summary>
    public List<string> Told { get; } = [];

    public async Task<float[]> SendAsync(params float[] rows)
    {
        var request = Decode(rows);
        try
        {
            var pending = new PendingRequest(request);
            var error = await Version.Lane.SubmitAsync(pending, long.MaxValue, default);
            Assert.Equal(ServingError.None, error);
            return Take(pending);
        }
        finally
        {
            request.Release();
        }
    }

    /// <summary>Submits a copy; its outputs are in <c>Rows</c>.</summary>
    public async Task<(float[] Rows, CopyAnswer Answer)> CopyAsync(float[] rows, CancellationToken cancellation = default)
    {
        var request = Decode(rows);
        try
        {
            var pending = new PendingRequest(request);
            var answer = await Shadow.SubmitAsync(pending, request.InputBytes, cancellation);
            return (answer.HasOutputs ? Take(pending) : [], answer);
        }
        finally
        {
            request.Release();
        }
    }

    public void Advance(double milliseconds) => Time.Advance(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>Lets time pass until something has happened.</summary>
    public async Task<T> InTimeAsync<T>(Task<T> expected, double step = 5)
    {
        for (var steps = 0; !expected.IsCompleted; steps++)
        {
            Assert.True(steps < 10_000, "It does not happen.");
            Advance(step);
            await Task.WhenAny(expected, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System));
        }
        return await expected;
    }

    /// <summary>Waits, while time stands still, until other threads have come so far.</summary>
    public async Task UntilAsync(Func<bool> isSo)
    {
        for (var looks = 0; !isSo(); looks++)
        {
            Assert.True(looks < 10_000, "It does not come to be.");
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        var retiring = Version.RetireAsync();
        await InTimeAsync(retiring.ContinueWith(static _ => true, TaskScheduler.Default), step: 100);
    }

    void IShadowLaneObserver.PriorityNotLowered(string reason) => Tell("priority");

    void IShadowLaneObserver.RunOverdue(ModelSpec spec, int rows, TimeSpan limit) => Tell("overdue");

    void IShadowLaneObserver.RunLost(ModelSpec spec, int rows) => Tell("lost");

    void IShadowLaneObserver.RunRecovered(ModelSpec spec) => Tell("recovered");

    void IShadowLaneObserver.LaneFailed(ModelSpec spec, Exception failure) => Tell(failure.ToString());

    private void Tell(string what)
    {
        lock (Told) Told.Add(what);
    }

    private DecodedRequest Decode(float[] rows)
    {
        var bytes = MemoryMarshal.AsBytes<float>(rows);
        var body = Pool.Rent(bytes.Length);
        bytes.CopyTo(body.GetSpan());
        return new DecodedRequest { Id = "", Body = body, Inputs = [new InputSlice(0, bytes.Length)], Bucket = _shapes.Only!, Rows = rows.Length };
    }

    private static float[] Take(PendingRequest answered)
    {
        var rows = MemoryMarshal.Cast<byte, float>(answered.Result!.Bytes(0)).ToArray();
        answered.Result.Release();
        return rows;
    }
}
