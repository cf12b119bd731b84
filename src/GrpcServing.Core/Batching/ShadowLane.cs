using GrpcServing.Admission;
using GrpcServing.Execution;
using GrpcServing.Models;

namespace GrpcServing.Batching;

/// <summary>Runs copies of requests on a model in memory, on nothing but the time that the primaries of its device leave.</summary>
/// <remarks>
/// <para>
/// <see cref="ServedVersion.OpenShadowLane"/> opens it, with executors of its own over the weights that are there. Close it by
/// <see cref="DisposeAsync"/>; the version does so itself when it is retired, after which copies are answered <see cref="CopyDrop.Stopped"/>.
/// </para>
/// <para>
/// <see cref="Submit"/> from any thread. Not from the thread of a caller who waits for the primary: it may take a lock that a thread of the
/// lowest priority holds.
/// </para>
/// </remarks>
public sealed class ShadowLane : IAsyncDisposable
{
    private readonly Lane _lane;
    private readonly SlackScheduler _scheduler;
    private readonly CircuitBreaker _circuit;
    private readonly ShadowRole _role;
    private readonly DeviceBoard _board;
    private readonly IShadowLaneObserver _observer;
    private readonly CopyBounds _bounds;
    private readonly Action<ShadowLane> _closed;
    private readonly Lock _ending = new();
    private Task? _end;

    internal ShadowLane(ServedVersion version, ShadowLaneSettings settings, Lane lane, SlackScheduler scheduler, CircuitBreaker circuit, ShadowRole role, DeviceBoard board, IShadowLaneObserver observer, Action<ShadowLane> closed)
    {
        Version = version;
        Settings = settings;
        _lane = lane;
        _scheduler = scheduler;
        _circuit = circuit;
        _role = role;
        _board = board;
        _observer = observer;
        _bounds = new CopyBounds(settings.MaxQueueRequests, settings.MaxQueueBytes);
        _closed = closed;
    }

    /// <summary>Whose model the copies run on.</summary>
    public ServedVersion Version { get; }

    public ShadowLaneSettings Settings { get; }

    /// <summary>Copies that wait or run.</summary>
    public long Copies => _bounds.Copies;

    /// <summary>Of them, those that wait, as the lane's loop last left them.</summary>
    public int WaitingCopies => _lane.WaitingRequests;

    /// <summary>Bytes that they hold.</summary>
    public long Bytes => _bounds.Bytes;

    /// <summary>Share of the requests chosen for copying that should be copied now, 0 to 1: less than 1 while the primaries of the device suffer. Multiplies the configured fraction.</summary>
    public double Share => _board.Share;

    /// <summary>The candidate failed or hung so often that copies are turned away until a probe succeeds.</summary>
    public bool IsBreakerOpen => _circuit.IsOpen;

    public ShadowRunCounts Runs => _role.Counts;

    /// <summary>Queues a copy. Its one answer comes back to the owner, never later than its age allows and its run takes.</summary>
    /// <remarks>One object per copy beside the copy itself, not one per layer that waits: the queue is long, and nobody pools what waits in it.</remarks>
    /// <param name="copy">
    /// New, of a request whose bucket is of this version's <see cref="ServedVersion.Shapes"/> (a bucket of another version runs with the wrong
    /// shape). With <see cref="CopyAnswer.HasOutputs"/> its <see cref="PendingRequest.Result"/> belongs to the caller.
    /// </param>
    /// <param name="heldBytes">Bytes that stay in memory until the answer: inputs, and what the caller keeps beside them.</param>
    /// <param name="owner">Told once; also before this returns, when the copy is turned away.</param>
    /// <param name="cancellation">Frees the copy's place at once.</param>
    public void Submit(PendingRequest copy, long heldBytes, ICopyOwner owner, CancellationToken cancellation)
    {
        var refusal = _bounds.TryEnter(heldBytes);
        if (refusal.Drop != CopyDrop.None) owner.Answered(this, copy, refusal);
        else new Submission(this, copy, heldBytes, owner).Begin(cancellation);
    }

    /// <summary>As <see cref="Submit"/>, for a caller who waits.</summary>
    public Task<CopyAnswer> SubmitAsync(PendingRequest copy, long heldBytes, CancellationToken cancellation)
    {
        var waiting = new WaitingOwner();
        Submit(copy, heldBytes, waiting, cancellation);
        return waiting.Answer;
    }

    /// <summary>Ends the lane: what waits is dropped, what runs is terminated. Returns in bounded time whatever the model does; for every caller once it has ended.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_ending) return new ValueTask(_end ??= EndAsync());
    }

    private async Task EndAsync()
    {
        try
        {
            await _lane.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception bug)
        {
            _observer.LaneFailed(Version.Spec, bug);
        }
        _closed(this);
    }

    private void Leave(PendingRequest copy, long heldBytes, ICopyOwner owner, ServingError error)
    {
        _bounds.Leave(heldBytes);
        owner.Answered(this, copy, new CopyAnswer(DropOf(error.Reason, copy), error, error.IsNone ? copy.Run : default));
    }

    private CopyDrop DropOf(ErrorReason reason, PendingRequest copy) => reason switch
    {
        ErrorReason.None or ErrorReason.ExecutionFailed or ErrorReason.Internal => CopyDrop.None,
        ErrorReason.CircuitOpen => CopyDrop.Breaker,
        ErrorReason.QueueTimeout when copy.Preemptions > 0 => CopyDrop.Preempted,
        ErrorReason.QueueTimeout when _scheduler.HasRunSince(copy.ArrivedAt) => CopyDrop.Stale,
        ErrorReason.QueueTimeout => CopyDrop.Busy,
        _ => CopyDrop.Stopped,
    };

    /// <summary>A copy in the lane, from its place in the queue to its answer.</summary>
    private sealed class Submission(ShadowLane lane, PendingRequest copy, long heldBytes, ICopyOwner owner)
    {
        private CancellationTokenRegistration _departure;

        public void Begin(CancellationToken cancellation)
        {
            var refusal = lane._lane.TrySubmit(copy, long.MaxValue);
            if (!refusal.IsNone)
            {
                lane.Leave(copy, heldBytes, owner, refusal);
                return;
            }
            // After the arrival is posted, so that the loop sees it before its cancellation.
            _departure = cancellation.UnsafeRegister(static state => ((Submission)state!).Depart(), this);
            copy.OnAnswered(static state => ((Submission)state!).End(), this);
        }

        private void Depart() => lane._lane.Depart(copy, long.MaxValue);

        private void End()
        {
            _departure.Unregister();
            lane.Leave(copy, heldBytes, owner, copy.TakeAnswer());
        }
    }

    private sealed class WaitingOwner : ICopyOwner
    {
        private readonly TaskCompletionSource<CopyAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<CopyAnswer> Answer => _answer.Task;

        public void Answered(ShadowLane lane, PendingRequest copy, in CopyAnswer answer) => _answer.SetResult(answer);
    }
}
