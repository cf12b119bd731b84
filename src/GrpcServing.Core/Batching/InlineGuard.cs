namespace GrpcServing.Batching;

/// <summary>Hands the loop to another thread when a batch that was expected to be short keeps the loop's own thread.</summary>
/// <remarks>
/// What a run costs may hang on the values in it, so no profile of sizes can promise that a run is short. Looks every
/// <see cref="Interval"/> whether the same run still goes on, which costs a run two interlocked writes, and an idle loop nothing.
/// </remarks>
internal sealed class InlineGuard
{
    /// <summary>A run is left behind after one to two of these.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    private readonly Action _goOn;
    private readonly ITimer _timer;
    private long _lastRun;

    // The run under way; 0 = none. Whoever sets it back to 0 owns the loop from then on.
    private long _current;
    private long _seen;
    private int _isArmed;

    /// <param name="goOn">Goes on with the loop; called on a thread of its own, while the thread of the run is still in it.</param>
    public InlineGuard(TimeProvider time, Action goOn)
    {
        _goOn = goOn;
        _timer = time.CreateTimer(static guard => ((InlineGuard)guard!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Before a run on the loop's thread. Owner of the loop only.</summary>
    /// <returns>For <see cref="Leave"/>.</returns>
    public long Enter()
    {
        var run = ++_lastRun;
        Interlocked.Exchange(ref _current, run);
        Arm();
        return run;
    }

    /// <summary>After the run.</summary>
    /// <returns>False when another thread owns the loop now: this one only reports the run as finished.</returns>
    public bool Leave(long run) => Interlocked.CompareExchange(ref _current, 0, run) == run;

    /// <summary>Looks no more. Owner of the loop only.</summary>
    public ValueTask StopAsync() => _timer.DisposeAsync();

    private void Arm()
    {
        if (Volatile.Read(ref _isArmed) == 0 && Interlocked.Exchange(ref _isArmed, 1) == 0) _timer.Change(Interval, Timeout.InfiniteTimeSpan);
    }

    private void Look()
    {
        var current = Volatile.Read(ref _current);
        if (current != 0 && current == _seen && Interlocked.CompareExchange(ref _current, 0, current) == current)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static goOn => goOn(), _goOn, preferLocal: false);
            current = 0;
        }
        _seen = current;
        Interlocked.Exchange(ref _isArmed, 0);
        // Also one that entered just now, and believed the timer to be set still.
        if (Volatile.Read(ref _current) != 0) Arm();
    }
}
