using System.Collections.Immutable;
using GrpcServing.Batching;

namespace GrpcServing.Telemetry;

/// <summary>A count of events and the time they took together.</summary>
public readonly record struct DurationTotal(long Count, long Ticks)
{
    public DurationTotal Plus(long ticks, long count = 1) => new(Count + count, Ticks + ticks);
}

/// <summary>Executions of one batch size.</summary>
public readonly record struct BatchSizeStatistics(int Rows, DurationTotal Gather, DurationTotal Execute, DurationTotal Scatter);

/// <summary>The statistics of a version at one instant; they add up among each other.</summary>
public sealed record StatisticsSnapshot
{
    /// <summary>Rows answered.</summary>
    public required long Inferences { get; init; }

    /// <summary>Successful runs of the model.</summary>
    public required long Executions { get; init; }

    /// <summary>Wall clock of the last request in milliseconds since 1970; 0 before the first.</summary>
    public required long LastInferenceUnixMilliseconds { get; init; }

    /// <summary>Requests answered with outputs, arrival to answer.</summary>
    public required DurationTotal Success { get; init; }

    /// <summary>Requests answered with an error, arrival to answer.</summary>
    public required DurationTotal Failure { get; init; }

    /// <summary>Per request: waiting for a batch.</summary>
    public required DurationTotal Queue { get; init; }

    /// <summary>Per request: gathering of its batch.</summary>
    public required DurationTotal Gather { get; init; }

    /// <summary>Per request: the run of its batch.</summary>
    public required DurationTotal Execute { get; init; }

    /// <summary>Per request: scattering of its batch.</summary>
    public required DurationTotal Scatter { get; init; }

    /// <summary>By batch size, ascending.</summary>
    public required ImmutableArray<BatchSizeStatistics> Batches { get; init; }

    /// <summary>Errors by reason; indexed by <see cref="ErrorReason"/>.</summary>
    public required ImmutableArray<long> Failures { get; init; }

    /// <summary>Batches that failed as a whole and were run again in parts.</summary>
    public required long Splits { get; init; }

    /// <summary>Device time for callers who had gone, ticks: runs cut short, and the shares of those who left while a run went on.</summary>
    public required long WastedTicks { get; init; }
}

/// <summary>Counts what one model version did since it was loaded. Any thread; one short lock per execution, none per request of a batch.</summary>
public sealed class VersionStatistics(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly SortedList<int, BatchSizeStatistics> _batches = [];
    private readonly long[] _failures = new long[Enum.GetValues<ErrorReason>().Length];
    private long _inferences;
    private long _executions;
    private long _lastInference;
    private long _splits;
    private long _wasted;
    private DurationTotal _success;
    private DurationTotal _failure;
    private DurationTotal _queue;
    private DurationTotal _gather;
    private DurationTotal _execute;
    private DurationTotal _scatter;

    /// <summary>Which requests are slow among the others of this version.</summary>
    public LatencyTail Tail { get; } = new(time.TimestampFrequency);

    /// <summary>One successful run that answers members [first, end), counted before they are answered.</summary>
    public void RecordExecution(IReadOnlyList<QueueEntry> members, int first, int end, int rows, StageTimes times)
    {
        var gather = times.Gathered - times.Started;
        var execute = times.Executed - times.Gathered;
        var scatter = times.Scattered - times.Executed;
        var requests = end - first;
        long queued = 0, total = 0;
        for (var i = first; i < end; i++)
        {
            queued += times.Started - members[i].ArrivedAt;
            total += times.Scattered - members[i].ArrivedAt;
        }
        var unixMilliseconds = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_lock)
        {
            _inferences += rows;
            _executions++;
            _lastInference = unixMilliseconds;
            _success = _success.Plus(total, requests);
            _queue = _queue.Plus(queued, requests);
            _gather = _gather.Plus(gather * requests, requests);
            _execute = _execute.Plus(execute * requests, requests);
            _scatter = _scatter.Plus(scatter * requests, requests);
            _batches.TryGetValue(rows, out var size);
            _batches[rows] = new BatchSizeStatistics(rows, size.Gather.Plus(gather), size.Execute.Plus(execute), size.Scatter.Plus(scatter));
        }
    }

    /// <summary>One request that was answered with an error.</summary>
    /// <param name="ticks">Arrival to answer.</param>
    public void RecordFailure(ErrorReason reason, long ticks)
    {
        lock (_lock)
        {
            _failure = _failure.Plus(ticks);
            _failures[(int)reason]++;
        }
    }

    /// <summary>The device worked this long for callers who had gone.</summary>
    public void RecordWaste(long ticks) => Interlocked.Add(ref _wasted, ticks);

    /// <summary>A batch failed as a whole and is run again in parts.</summary>
    public void RecordSplit() => Interlocked.Increment(ref _splits);

    public StatisticsSnapshot Snapshot()
    {
        lock (_lock)
        {
            return new StatisticsSnapshot
            {
                Inferences = _inferences,
                Executions = _executions,
                LastInferenceUnixMilliseconds = _lastInference,
                Success = _success,
                Failure = _failure,
                Queue = _queue,
                Gather = _gather,
                Execute = _execute,
                Scatter = _scatter,
                Batches = [.. _batches.Values],
                Failures = [.. _failures],
                Splits = Interlocked.Read(ref _splits),
                WastedTicks = Interlocked.Read(ref _wasted),
            };
        }
    }
}
