namespace GrpcServing.Admission;

/// <summary>Turns requests away from a lane whose model keeps failing, and lets one through now and then to see whether it recovered.</summary>
/// <remarks>
/// <para>
/// Closed: everything enters. After <see cref="FailuresToOpen"/> runs of single requests that failed with no success between, it opens:
/// nothing enters for a while. Then one request enters as a probe: its success closes the circuit, its failure opens it for twice as
/// long, up to <see cref="LongestPause"/>. A probe that never ran (its caller left, its deadline passed) is replaced after one pause.
/// </para>
/// <para>Any thread. A success on a closed circuit costs one read.</para>
/// </remarks>
internal sealed class CircuitBreaker(long ticksPerSecond)
{
    /// <summary>A handful of bad requests in a row is a client's fault; this many without one success is the model's.</summary>
    public const int FailuresToOpen = 20;

    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);

    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private int _failures;
    private long _pause;
    private long _closedUntil;
    private volatile bool _open;

    public bool IsOpen => _open;

    /// <summary>It has opened (true) or closed; a probe that fails is neither. On the thread whose run decided it.</summary>
    public event Action<bool>? Changed;

    /// <summary>Whether a request may enter at this instant; on an open circuit true makes it the probe.</summary>
    public bool TryEnter(long now)
    {
        if (!_open) return true;
        lock (_lock)
        {
            if (!_open) return true;
            if (now < _closedUntil) return false;
            _closedUntil = now + _pause;
            return true;
        }
    }

    public void Succeeded()
    {
        if (Volatile.Read(ref _failures) == 0) return;
        bool closes;
        lock (_lock)
        {
            closes = _open;
            _failures = 0;
            _pause = 0;
            _open = false;
        }
        if (closes) Changed?.Invoke(false);
    }

    /// <summary>A run of one request, alone, failed.</summary>
    public void Failed(long now)
    {
        bool opens;
        lock (_lock)
        {
            _failures++;
            if (_failures < FailuresToOpen) return;
            opens = !_open;
            _pause = Math.Clamp(2 * _pause, Ticks(FirstPause), Ticks(LongestPause));
            _closedUntil = now + _pause;
            _open = true;
        }
        if (opens) Changed?.Invoke(true);
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * ticksPerSecond);
}
