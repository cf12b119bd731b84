using System.Runtime.CompilerServices;
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
/// <see cref="SubmitAsync"/> from any thread. Not from the thread of a caller who waits for the primary: it may take a lock that a thread of the
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

    /// <summary>Queues a copy and waits for its one answer; never longer than its age allows and its run takes.</summary>
    /// <param name="copy">
    /// New, of a request whose bucket is of this version's <see cref="ServedVersion.Shapes"/> (a bucket of another version runs with the wrong
    /// shape). With <see cref="CopyAnswer.HasOutputs"/> its <see cref="PendingRequest.Result"/> belongs to the caller.
    /// </param>
    /// <param name="heldBytes">Bytes that stay in memory until the answer: inputs, and what the caller keeps beside them.</param>
    /// <param name="cancellation">Frees the copy's place at once.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<CopyAnswer> SubmitAsync(PendingRequest copy, long heldBytes, CancellationToken cancellation)
    {
        var refusal = _bounds.TryEnter(heldBytes);
        if (refusal.Drop != CopyDrop.None) return refusal;
        try
        {
            var error = await _lane.SubmitAsync(copy, long.MaxValue, cancellation).ConfigureAwait(false);
            return new CopyAnswer(DropOf(error.Reason, copy), error, error.IsNone ? copy.Run : default);
        }
        finally
        {
            _bounds.Leave(heldBytes);
        }
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

    private CopyDrop DropOf(ErrorReason reason, PendingRequest copy) => reason switch
    {
        ErrorReason.None or ErrorReason.ExecutionFailed or ErrorReason.Internal => CopyDrop.None,
        ErrorReason.CircuitOpen => CopyDrop.Breaker,
        ErrorReason.QueueTimeout when copy.Preemptions > 0 => CopyDrop.Preempted,
        ErrorReason.QueueTimeout when _scheduler.HasRunSince(copy.ArrivedAt) => CopyDrop.Stale,
        ErrorReason.QueueTimeout => CopyDrop.Busy,
        _ => CopyDrop.Stopped,
    };
}
