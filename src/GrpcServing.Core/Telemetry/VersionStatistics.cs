using System.Diagnostics;
using GrpcServing.Batching;

namespace GrpcServing.Telemetry;

/// <summary>Counts what one lane did since it was opened. Any thread; short locks, two for a batch and none per request of it.</summary>
/// <remarks>Budget: about 20 ns and 0 B per answered request, whether anybody reads the numbers or not.</remarks>
public sealed class VersionStatistics(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly SortedList<int, BatchSizeStatistics> _batches = [];
    private readonly long[] _failures = new long[Enum.GetValues<ErrorReason>().Length];
    private readonly long[] _started = new long[Enum.GetValues<BatchCloseReason>().Length];
    private readonly LaneDistributions _distributions = new();
    private readonly double _secondsPerTick = 1.0 / time.TimestampFrequency;
    private long _inferences;
    private long _executions;
    private long _lastInference;
    private long _splits;
    private long _wasted;
    private long _padding;
    private long _inputBytes;
    private long _outputBytes;
    private long _deadlinesMet;
    private long _deadlinesMissed;
    private DurationTotal _success;
    private DurationTotal _failure;
    private DurationTotal _queue;
    private DurationTotal _gather;
    private DurationTotal _execute;
    private DurationTotal _scatter;
    private LatencyError _plan;

    /// <summary>Which requests are slow among the others of this version.</summary>
    public LatencyTail Tail { get; } = new(time.TimestampFrequency);

    /// <summary>What happens when the lane has ended; see <see cref="Close"/>.</summary>
    internal Action? Closed { get; init; }

    /// <summary>What rows are predicted to be; null where the model's outputs are no classes.</summary>
    public PredictionStatistics? Predictions { get; internal set; }

    /// <summary>A batch starts. Before its members can be answered.</summary>
    /// <param name="batch">Of at least one member.</param>
    internal void RecordStart(Batch batch, long startedAt)
    {
        var oldest = long.MaxValue;
        foreach (var member in batch.Members) oldest = Math.Min(oldest, member.ArrivedAt);
        lock (_lock)
        {
            _started[(int)batch.CloseReason]++;
            _distributions.BatchRows.Add(batch.Rows);
            _distributions.BatchWait.Add((startedAt - oldest) * _secondsPerTick);
        }
    }

    /// <summary>One successful run of members [first, end). Those that are claimed are about to be answered; the others had gone.</summary>
    /// <param name="rows">Rows of all of them.</param>
    /// <param name="paddedRows">Rows that ran.</param>
    internal void RecordExecution(List<QueueEntry> members, int first, int end, int rows, int paddedRows, StageTimes times)
    {
        var gather = times.Gathered - times.Started;
        var execute = times.Executed - times.Gathered;
        var scatter = times.Scattered - times.Executed;
        var utcNow = time.GetUtcNow();
        lock (_lock)
        {
            var requests = 0;
            for (var i = first; i < end; i++)
            {
                var member = (PendingRequest)members[i];
                if (!member.IsClaimed) continue;
                requests++;
                RecordAnswer(member, times, utcNow);
            }
            _executions++;
            _padding += paddedRows - rows;
            _lastInference = utcNow.ToUnixTimeMilliseconds();
            _gather = _gather.Plus(gather * requests, requests);
            _execute = _execute.Plus(execute * requests, requests);
            _scatter = _scatter.Plus(scatter * requests, requests);
            _batches.TryGetValue(rows, out var size);
            _batches[rows] = new BatchSizeStatistics(rows, size.Gather.Plus(gather), size.Execute.Plus(execute), size.Scatter.Plus(scatter));
            _distributions.Executions(paddedRows).Add(execute * _secondsPerTick);
        }
    }

    /// <summary>One request that was answered with an error.</summary>
    /// <param name="ticks">Arrival to answer.</param>
    /// <param name="span">The caller's, when it is recorded.</param>
    public void RecordFailure(ErrorReason reason, long ticks, Activity? span = null)
    {
        var seconds = ticks * _secondsPerTick;
        lock (_lock)
        {
            _failure = _failure.Plus(ticks);
            _failures[(int)reason]++;
            if (reason is ErrorReason.DeadlineExpired or ErrorReason.DeadlineUnreachable) _deadlinesMissed++;
            var requests = _distributions.Requests(reason);
            requests.Add(seconds);
            if (span is not null) requests.Illustrate(Example(span, seconds, time.GetUtcNow()));
        }
    }

    /// <summary>The device worked this long for callers who had gone.</summary>
    public void RecordWaste(long ticks) => Interlocked.Add(ref _wasted, ticks);

    /// <summary>A batch failed as a whole and is run again in parts.</summary>
    public void RecordSplit() => Interlocked.Increment(ref _splits);

    /// <summary>A batch that had a plan ran in one piece.</summary>
    public void RecordPlan(long plannedTicks, long actualTicks)
    {
        lock (_lock)
        {
            _plan = _plan.With(plannedTicks, actualTicks);
            _distributions.PlanRatio.Add((double)actualTicks / plannedTicks);
        }
    }

    /// <summary>The lane has ended: nothing is counted any more.</summary>
    internal void Close() => Closed?.Invoke();

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
                PaddingRows = _padding,
                InputBytes = _inputBytes,
                OutputBytes = _outputBytes,
                Started = [.. _started],
                DeadlinesMet = _deadlinesMet,
                DeadlinesMissed = _deadlinesMissed,
                Plan = _plan,
                Distributions = _distributions.Snapshot(),
            };
        }
    }

    private void RecordAnswer(PendingRequest member, StageTimes times, DateTimeOffset utcNow)
    {
        var queued = times.Started - member.ArrivedAt;
        var total = times.Scattered - member.ArrivedAt;
        _inferences += member.Rows;
        _success = _success.Plus(total);
        _queue = _queue.Plus(queued);
        _inputBytes += member.Request.InputBytes;
        foreach (var output in member.Result!.Outputs) _outputBytes += output.Length;
        if (member.Deadline != long.MaxValue)
        {
            if (times.Scattered <= member.Deadline) _deadlinesMet++;
            else _deadlinesMissed++;
        }
        var requests = _distributions.Requests(ErrorReason.None);
        requests.Add(total * _secondsPerTick);
        _distributions.Queue.Add(queued * _secondsPerTick);
        if (member.Span is not { } span) return;
        requests.Illustrate(Example(span, total * _secondsPerTick, utcNow));
        _distributions.Queue.Illustrate(Example(span, queued * _secondsPerTick, utcNow));
    }

    private static Exemplar Example(Activity span, double seconds, DateTimeOffset utcNow) =>
        new(span.TraceId, span.SpanId, seconds, utcNow.ToUnixTimeMilliseconds() / 1000.0);
}
