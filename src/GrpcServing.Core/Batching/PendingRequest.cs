using System.Diagnostics;
using System.Threading.Tasks.Sources;
using GrpcServing.Execution;
using GrpcServing.Routing;
using GrpcServing.Telemetry;

namespace GrpcServing.Batching;

/// <summary>A request in a lane, from admission to its one answer.</summary>
/// <remarks>
/// <para>
/// Exactly one of the lane (a result, a fault, a refusal) and the caller's cancellation answers it; the second to try is told so and
/// cleans up what it brought. The answer runs the caller's continuation on the thread pool, never on the thread that answers.
/// </para>
/// <para>
/// From <see cref="Lane.SubmitAsync"/> on the lane holds its own reference on the request's body and gives it up when it has no further
/// use for the bytes, so a caller that was cancelled may release its own at once, even while a batch still reads them.
/// </para>
/// </remarks>
public sealed class PendingRequest : QueueEntry, IValueTaskSource<ServingError>
{
    private ManualResetValueTaskSourceCore<ServingError> _answer = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _departure;
    private Lane? _lane;
    private long _callerDeadline;
    private int _answered;
    private BatchRun? _run;
    private int _runGeneration;
    private int _waiting = 1;
    private int _bodyReleased;

    public PendingRequest(DecodedRequest request)
    {
        Request = request;
        Rows = request.Rows;
        BucketId = request.Bucket.Id;
    }

    public DecodedRequest Request { get; }

    /// <summary>Its timeline; null when nothing is traced. Set before admission.</summary>
    public RequestTrace? Trace { get; init; }

    /// <summary>The outputs, after a successful answer; the caller then owns them and releases them.</summary>
    public InferenceResult? Result { get; private set; }

    /// <summary>When its batch started, in ticks of the lane's clock; 0 before.</summary>
    public long StartedAt { get; internal set; }

    /// <summary>The run that answered it, after a successful answer.</summary>
    public RunMeasure Run { get; internal set; }

    /// <summary>The caller's span, when it is recorded: for links and examples. Null otherwise.</summary>
    public Activity? Span { get; init; }

    /// <summary>True once somebody answered; the others leave it alone.</summary>
    public bool IsAnswered => Volatile.Read(ref _answered) != 0;

    /// <summary>What <see cref="Lane.SubmitAsync"/> gave, for who would rather not keep that: one of the two, once, after it was queued.</summary>
    public ValueTask<ServingError> Answer => new(this, _answer.Version);

    /// <summary>Instead of awaiting <see cref="Answer"/>, once: calls back on the thread pool when it is there; then <see cref="TakeAnswer"/> gives it.</summary>
    internal void OnAnswered(Action<object?> callback, object state) => _answer.OnCompleted(callback, state, _answer.Version, ValueTaskSourceOnCompletedFlags.None);

    internal ServingError TakeAnswer() => _answer.GetResult(_answer.Version);

    /// <summary>Its caller goes away, or his deadline passes: unless it has its answer, it is answered now. Any thread, after <see cref="Lane.SubmitAsync"/>.</summary>
    public void Depart() => _lane?.Depart(this, _callerDeadline);

    /// <summary>Departs by itself when its caller goes away. Once, after it has been queued and before <see cref="Answer"/> is awaited.</summary>
    internal void DepartOn(Lane lane, long callerDeadline, CancellationToken cancellation)
    {
        (_lane, _callerDeadline) = (lane, callerDeadline);
        if (cancellation.CanBeCanceled) _departure = cancellation.UnsafeRegister(static request => ((PendingRequest)request!).Depart(), this);
    }

    /// <summary>True while the lane has taken the right to answer and not answered yet.</summary>
    internal bool IsClaimed { get; private set; }

    /// <summary>Lane only: lays the outputs ready for <see cref="Complete"/>.</summary>
    internal void Prepare(InferenceResult result) => Result = result;

    /// <summary>Lane only: takes the right to answer, unless the caller has gone. Apart from the answer, so that it can be counted before.</summary>
    /// <returns>False when it has gone: the run was for nothing.</returns>
    internal bool TryClaim() => IsClaimed = Interlocked.Exchange(ref _answered, 1) == 0;

    /// <summary>Lane only: hands the prepared outputs to the caller, or drops them when they are not claimed.</summary>
    internal void Complete()
    {
        if (!IsClaimed)
        {
            Result!.Release();
            return;
        }
        IsClaimed = false;
        _answer.SetResult(ServingError.None);
    }

    /// <summary>Lane only: answers with a fault, dropping outputs that were already prepared.</summary>
    internal void Fault(ServingError error)
    {
        Result?.Release();
        Result = null;
        if (!IsClaimed)
        {
            TryFail(error);
            return;
        }
        IsClaimed = false;
        _answer.SetResult(error);
    }

    /// <summary>Answers with a refusal or a cancellation. Any thread.</summary>
    /// <returns>False when it has its answer already.</returns>
    internal bool TryFail(ServingError error)
    {
        if (Interlocked.Exchange(ref _answered, 1) != 0) return false;
        _answer.SetResult(error);
        return true;
    }

    /// <summary>Lane only: gives up the lane's reference on the body, once; also when a run that was given up ends after all.</summary>
    internal void ReleaseBody()
    {
        if (Interlocked.Exchange(ref _bodyReleased, 1) == 0) Request.Body.Release();
    }

    /// <summary>True for the first caller: it returns the place the request took in the queue.</summary>
    internal bool LeaveQueue() => Interlocked.Exchange(ref _waiting, 0) == 1;

    /// <summary>Lane only, before it looks at <see cref="IsAnswered"/>: so that a cancellation is counted by one side or the other.</summary>
    internal void JoinRun(BatchRun run, int generation)
    {
        _runGeneration = generation;
        Interlocked.Exchange(ref _run, run);
    }

    /// <summary>Ends its membership in a run; the first to do so on behalf of a caller who has gone reports that to the run.</summary>
    internal void LeaveRun(bool gone)
    {
        var run = Interlocked.Exchange(ref _run, null);
        if (gone) run?.MemberGone(_runGeneration);
    }

    ServingError IValueTaskSource<ServingError>.GetResult(short token)
    {
        // Not waited for: a departure that comes too late finds the answer there and does nothing.
        _departure.Unregister();
        return _answer.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<ServingError>.GetStatus(short token) => _answer.GetStatus(token);

    void IValueTaskSource<ServingError>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _answer.OnCompleted(continuation, state, token, flags);
}
