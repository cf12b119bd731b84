using GrpcServing.Admission;
using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;
using GrpcServing.Telemetry;
using AnswerAwaiter = System.Runtime.CompilerServices.ConfiguredValueTaskAwaitable<GrpcServing.ServingError>.ConfiguredValueTaskAwaiter;

namespace GrpcServing.Microbenchmarks.Batching;

/// <summary>Submits a request to a lane and waits for its answer: everything of a lane but the model.</summary>
internal sealed class AnswerPath : ConcurrentPath<AnswerAwaiter>
{
    private const int RowBytes = 256;

    private readonly TensorPool _pool = new();
    private readonly Lane _lane;
    private readonly DecodedRequest[] _requests;
    private readonly PendingRequest[] _pending;

    public AnswerPath(int callers)
        : base(callers)
    {
        var spec = Specs.Dense(RowBytes / sizeof(float), RowBytes / sizeof(float));
        var shapes = new ShapeTable(spec);
        var time = TimeProvider.System;
        var batching = new BatchingConfiguration();
        var circuit = new CircuitBreaker(CircuitSettings.Requests, time.TimestampFrequency);
        var table = new MeasuredLatencyTable(spec.MaxBatchSize);
        for (var rows = 1; rows <= spec.MaxBatchSize; rows++) table.Observe(0, rows, time.TimestampFrequency / 1_000_000 * rows);
        _lane = new Lane(
            Schedulers.Create(batching, new SchedulerSettings { MaxBatchRows = spec.MaxBatchSize, TicksPerSecond = time.TimestampFrequency, MayWait = false }, table),
            new BatchRunner(spec, _pool, new VersionStatistics(time), circuit, time), [new InstantExecutor(spec.MaxBatchSize, RowBytes)],
            new QueueBounds(4096, 256 << 20), circuit, new DeadlinePolicy(batching, TimeSpan.FromSeconds(10), time.TimestampFrequency), time, inlineLimit: TimeSpan.FromMilliseconds(1));
        _requests = [.. Enumerable.Range(0, callers).Select(_ => new DecodedRequest { Id = "", Body = _pool.Rent(RowBytes), Inputs = [new InputSlice(0, RowBytes)], Bucket = shapes.Only!, Rows = 1 })];
        _pending = new PendingRequest[callers];
    }

    protected override AnswerAwaiter Begin(int caller)
    {
        var pending = new PendingRequest(_requests[caller]);
        _pending[caller] = pending;
        return Awaiter(_lane.SubmitAsync(pending, long.MaxValue, CancellationToken.None));
    }

    protected override bool IsCompleted(in AnswerAwaiter awaiter) => awaiter.IsCompleted;

    protected override void End(int caller, AnswerAwaiter awaiter)
    {
        var result = awaiter.GetResult();
        if (!result.IsNone) throw new InvalidOperationException(result.Message);
        _pending[caller].Result!.Release();
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _lane.DisposeAsync().AsTask().GetAwaiter().GetResult();
        foreach (var request in _requests) request.Release();
        _pool.Dispose();
    }

    private static AnswerAwaiter Awaiter(ValueTask<ServingError> answer) => answer.ConfigureAwait(false).GetAwaiter();
}
