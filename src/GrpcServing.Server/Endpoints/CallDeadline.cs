using System.IO.Pipelines;
using GrpcServing.Batching;
using Microsoft.AspNetCore.Connections.Features;

namespace GrpcServing.Endpoints;

/// <summary>Ends a unary call at its deadline: the reading of its message, or the wait for its answer.</summary>
/// <remarks>
/// Belongs to an HTTP/2 stream of the connection, which Kestrel uses for one call after another, and this with it, so that no call makes a
/// timer of its own. A timer that rings late, in the next call, finds that its deadline has not passed.
/// </remarks>
internal sealed class CallDeadline
{
    private static readonly object Key = new();

    // What a timer takes at once; one that rings too early is set again.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private long _at = long.MaxValue;
    private PipeReader? _reader;
    private PendingRequest? _pending;

    private CallDeadline(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static deadline => ((CallDeadline)deadline!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether the call is past its deadline.</summary>
    public bool HasPassed => _time.GetTimestamp() >= _at;

    /// <summary>Begins with the call.</summary>
    /// <param name="at">In ticks of the clock.</param>
    /// <returns>The call's until <see cref="Stop"/>.</returns>
    public static CallDeadline Start(HttpContext http, long at, TimeProvider time)
    {
        var kept = http.Features.Get<IPersistentStateFeature>()?.State;
        if (kept is null || !kept.TryGetValue(Key, out var found))
        {
            found = new CallDeadline(time);
            if (kept is not null) kept[Key] = found;
        }
        var deadline = (CallDeadline)found!;
        deadline.Start(http.Request.BodyReader, at);
        return deadline;
    }

    /// <summary>The message has been read: from now on it is the request that ends.</summary>
    /// <param name="request">Null when it was not admitted: nothing is left that could end.</param>
    public void Waits(PendingRequest? request)
    {
        lock (_lock)
        {
            _reader = null;
            _pending = request;
        }
    }

    /// <summary>Ends with the call, before its reader does.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _at = long.MaxValue;
            _reader = null;
            _pending = null;
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void Start(PipeReader reader, long at)
    {
        lock (_lock)
        {
            _at = at;
            _reader = reader;
            Arm(at - _time.GetTimestamp());
        }
    }

    /// <summary>In whole milliseconds, and rather late than early: rings once.</summary>
    private void Arm(long ticks)
    {
        var milliseconds = Math.Ceiling(Math.Max(0, ticks) * 1000.0 / _time.TimestampFrequency);
        _timer.Change(TimeSpan.FromMilliseconds(Math.Min(milliseconds, Longest.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
    }

    private void Ring()
    {
        lock (_lock)
        {
            if (_at == long.MaxValue) return;
            var left = _at - _time.GetTimestamp();
            if (left > 0)
            {
                Arm(left);
                return;
            }
            _pending?.Depart();
            StopReading();
        }
    }

    private void StopReading()
    {
        try
        {
            _reader?.CancelPendingRead();
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The caller has left, and whoever reads is told so.
        }
    }
}
