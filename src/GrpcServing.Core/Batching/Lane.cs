using GrpcServing.Admission;
using GrpcServing.Execution;

namespace GrpcServing.Batching;

/// <summary>The queue, the batching loop and the executors of one model version.</summary>
/// <remarks>
/// Owns its executors. <see cref="SubmitAsync"/> from any thread; <see cref="DisposeAsync"/> once, after which nothing is admitted and
/// everything that was has been answered.
/// </remarks>
public sealed class Lane : IAsyncDisposable
{
    private readonly BatchLoop _loop;
    private readonly Executor[] _executors;
    private readonly QueueBounds _bounds;
    private readonly CircuitBreaker _circuit;
    private readonly DeadlinePolicy _deadlines;
    private readonly LaneRole _role;
    private readonly TimeProvider _time;
    private readonly Task _completion;
    private int _disposed;

    internal Lane(Scheduler scheduler, BatchRunner runner, Executor[] executors, QueueBounds bounds, CircuitBreaker circuit, DeadlinePolicy deadlines, TimeProvider time, TimeSpan inlineLimit, LaneRole? role = null)
    {
        _executors = executors;
        _bounds = bounds;
        _circuit = circuit;
        _deadlines = deadlines;
        _role = role ?? LaneRole.Alone;
        _time = time;
        var runs = executors.Select(static (executor, index) => new BatchRun(index, executor)).ToArray();
        // A lane outlives the call that loads its model: what happens in it is not part of that call's trace.
        using var flow = ExecutionContext.SuppressFlow();
        _loop = new BatchLoop(scheduler, runner, runs, bounds, _role, time, (long)(inlineLimit.TotalSeconds * time.TimestampFrequency));
        _role.Open(_loop, runs);
        _completion = Task.Run(_loop.RunAsync);
    }

    /// <summary>Ends with the lane; faulted only by a bug, after which the lane answers nothing any more.</summary>
    public Task Completion => _completion;

    /// <summary>Rows admitted and not yet in a batch.</summary>
    public long WaitingRows => _bounds.Rows;

    /// <summary>Bytes of their inputs.</summary>
    public long WaitingBytes => _bounds.Bytes;

    /// <summary>Requests in the queue, as the loop last left it.</summary>
    public int WaitingRequests => _loop.Waiting;

    /// <summary>True while the model failed on every recent request and requests are turned away.</summary>
    public bool IsCircuitOpen => _circuit.IsOpen;

    public int Executors => _executors.Length;

    /// <summary>Executors that run a batch now.</summary>
    public int BusyExecutors => _loop.Running;

    /// <summary>The model failed on every recent request, and requests are turned away (true); or it has recovered. On a thread of the lane: be quick.</summary>
    public event Action<bool>? CircuitChanged
    {
        add => _circuit.Changed += value;
        remove => _circuit.Changed -= value;
    }

    /// <summary>Queues a request and waits for its one answer.</summary>
    /// <param name="request">New. On success its <see cref="PendingRequest.Result"/> belongs to the caller.</param>
    /// <param name="callerDeadline">In ticks of the lane's clock; <see cref="long.MaxValue"/> when the caller gave none.</param>
    /// <param name="cancellation">The caller's; frees the request's place at once.</param>
    public ValueTask<ServingError> SubmitAsync(PendingRequest request, long callerDeadline, CancellationToken cancellation)
    {
        var refusal = TrySubmit(request, callerDeadline);
        if (!refusal.IsNone) return new ValueTask<ServingError>(refusal);
        // After the arrival is posted, so that the loop sees it before its cancellation.
        request.DepartOn(this, callerDeadline, cancellation);
        return request.Answer;
    }

    /// <summary>Queues a request whose caller looks after its answer himself.</summary>
    /// <returns>None when <see cref="PendingRequest.Answer"/> will come; otherwise there will be none.</returns>
    internal ServingError TrySubmit(PendingRequest request, long callerDeadline)
    {
        var now = _time.GetTimestamp();
        if (!_circuit.TryEnter(now)) return LaneRefusals.CircuitOpen;
        var refusal = _bounds.TryEnter(request.Rows, request.Request.InputBytes);
        if (!refusal.IsNone) return refusal;

        _role.Submitting();
        _deadlines.Apply(request, callerDeadline, now);
        request.Request.Body.AddReference();
        if (_loop.Post(LaneEvent.Arrived(request))) return ServingError.None;

        request.LeaveQueue();
        _bounds.Leave(request.Rows, request.Request.InputBytes);
        request.ReleaseBody();
        return LaneRefusals.LaneClosed;
    }

    /// <summary>The caller of a queued request goes away: unless it has its answer, it is answered now and its place is free.</summary>
    internal void Depart(PendingRequest request, long callerDeadline)
    {
        if (!request.TryFail(LaneRefusals.ForGoneCaller(request, callerDeadline, _time.GetTimestamp()))) return;
        if (request.LeaveQueue()) _bounds.Leave(request.Rows, request.Request.InputBytes);
        request.LeaveRun(gone: true);
        _loop.Post(LaneEvent.Cancelled(request));
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _loop.Post(LaneEvent.Close);
        try
        {
            await _completion.ConfigureAwait(false);
        }
        finally
        {
            for (var i = 0; i < _executors.Length; i++)
                if (!_role.IsLost(i)) _executors[i].Dispose();
        }
    }
}
