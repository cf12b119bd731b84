using System.Diagnostics;
using System.Numerics;

namespace GrpcServing.Admission;

/// <summary>Turns requests away from a lane whose model keeps failing, and lets one through now and then to see whether it recovered.</summary>
/// <remarks>
/// <para>
/// Closed: everything enters. After <see cref="CircuitSettings.FailuresToOpen"/> runs of single requests that failed with no success between,
/// or so many among the last as the settings say, it opens: nothing enters for a while. Then one request enters as a probe: its success closes
/// the circuit, its failure opens it for twice as long, up to <see cref="CircuitSettings.LongestPause"/>. A probe that never ran (its caller
/// left, its deadline passed) is replaced after one pause.
/// </para>
/// <para>Any thread. A success on a closed circuit without a window costs one read.</para>
/// </remarks>
internal sealed class CircuitBreaker(CircuitSettings settings, long ticksPerSecond)
{
    private readonly Lock _lock = new();
    private int _failures;
    private ulong _lastFailed;
    private int _seen;
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
        if (settings.Window == 0 && Volatile.Read(ref _failures) == 0) return;
        bool closes;
        lock (_lock)
        {
            closes = _open;
            _failures = 0;
            _pause = 0;
            if (_open) _seen = 0;
            Note(failed: false);
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
            Note(failed: true);
            if (_failures < settings.FailuresToOpen && !WindowIsBad && !_open) return;
            opens = !_open;
            OpenUnderLock(now);
        }
        if (opens) Changed?.Invoke(true);
    }

    /// <summary>Opens whatever was before: the model cannot answer at all.</summary>
    public void Open(long now)
    {
        bool opens;
        lock (_lock)
        {
            _failures = settings.FailuresToOpen;
            opens = !_open;
            OpenUnderLock(now);
        }
        if (opens) Changed?.Invoke(true);
    }

    private void OpenUnderLock(long now)
    {
        Debug.Assert(_lock.IsHeldByCurrentThread);
        _pause = Math.Clamp(2 * _pause, Ticks(settings.FirstPause), Ticks(settings.LongestPause));
        _closedUntil = now + _pause;
        _open = true;
    }

    private bool WindowIsBad =>
        settings.Window > 0 && _seen >= settings.Window
        && BitOperations.PopCount(_lastFailed & (ulong.MaxValue >> (64 - settings.Window))) >= settings.FailuresInWindow;

    private void Note(bool failed)
    {
        _lastFailed = (_lastFailed << 1) | (failed ? 1UL : 0);
        _seen = Math.Min(_seen + 1, 64);
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * ticksPerSecond);
}
