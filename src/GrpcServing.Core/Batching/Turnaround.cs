namespace GrpcServing.Batching;

/// <summary>Tells when the callers that were just answered are about to ask again, so that a short wait fills the batch.</summary>
/// <remarks>
/// <para>
/// Where a fixed number of callers each wait for their answer, half of them ride in the batch that runs while the other half queues, for ever.
/// Waiting until those that were answered are back joins the halves. It is worth it only where the larger batch saves clearly more than the wait
/// costs, so it depends on l(b); a constant delay would cost every other lane its throughput.
/// </para>
/// <para>
/// Learned from what follows the end of each batch: the share of the answered that came at once, beyond what comes anyway. A run may keep the
/// processor from them, so where from batch to batch about as many come as were answered, it is tried now and then: a few waits, which tell more
/// than what runs let through. How long they take shows only while the executor stays idle, too: first believed to be short, learned by waiting,
/// and slowly forgotten where waiting does not pay. Arrivals that have nothing to do with answers leave the share near 0, and are not as many as
/// those for long. Pure; 0 bytes per call.
/// </para>
/// </remarks>
internal sealed class Turnaround
{
    /// <summary>Least share of the answered that must be known to come back.</summary>
    private const double LeastShare = 0.5;

    /// <summary>Least gain in rows per tick.</summary>
    private const double LeastGain = 1.02;

    /// <summary>Part of a run's length after its end in which a caller who comes counts as coming back.</summary>
    private const int Window = 4;

    private const double Weight = 1.0 / 8;

    /// <summary>Batches in a row after which, to an eighth, as many came as were answered: then it is worth a trial. Of independent arrivals 1 in 15 times or less, calculated for batches of 1 to 64.</summary>
    private const int LeastAlike = 8;

    /// <summary>Trials in a row after which nearly all were back: what they tell is believed then.</summary>
    private const int TrialsBelieved = 2;

    /// <summary>Batches between trials: doubled by each that finds nobody. A trial takes a quarter of a run at most.</summary>
    private const int LeastInterval = 32;
    private const int MostInterval = 256;

    /// <summary>Per batch that is not waited for, of the time that callers are believed to take.</summary>
    private const double Forgotten = 1.0 / 64;

    private double _share;
    private double _delay;
    private long _endedAt = long.MinValue / 2;
    private long _window;
    private long _lastReturnAt;
    private int _answered;
    private int _arrived;
    private int _returned;
    private int _interval = LeastInterval;
    private int _alike;
    private int _sinceTrial;
    private int _trials;
    private bool _hasWaited;

    /// <summary>A batch has ended, and its members are being answered.</summary>
    /// <param name="length">Ticks that it took.</param>
    /// <param name="rate">Arrivals per tick.</param>
    public void Ended(int members, long length, long now, double rate)
    {
        Learn(rate);
        (_endedAt, _window, _answered, _arrived, _returned, _lastReturnAt, _hasWaited) = (now, length / Window, members, 0, 0, now, false);
    }

    public void Arrived(long now)
    {
        _arrived++;
        if (now - _endedAt > _window || _returned >= _answered) return;
        _returned++;
        _lastReturnAt = now;
    }

    /// <summary>Until when to wait for those who are missing; not later than <paramref name="now"/> when waiting does not pay.</summary>
    /// <param name="rows">Rows that wait, of which one at least makes it alone.</param>
    /// <param name="rowsPerRequest">On average.</param>
    /// <param name="deadline">The nearest of those that wait.</param>
    public long WaitUntil(long now, int rows, double rowsPerRequest, long deadline, BatchCosts costs)
    {
        var missing = (int)(((_answered - _returned) * rowsPerRequest) + 0.5);
        var full = Math.Min(rows + missing, costs.BestRows);
        if (missing < 1 || full <= rows) return now;
        var isTrial = _share < LeastShare;
        if (isTrial && !_hasWaited && (_alike < LeastAlike || _sinceTrial < _interval)) return now;
        // Well beyond the usual time: the last of them ends the wait, so it is long only where somebody stays away.
        var until = _endedAt + (isTrial ? _window : Math.Clamp((long)(3 * _delay), _window / 2, _window));
        // A trial is for nobody in a hurry.
        if (until <= now || until + costs.Ticks[full] * (isTrial ? 2 : 1) > deadline) return now;
        var expected = Math.Max(1, _endedAt + (long)_delay - now);
        if (full / (double)(costs.Ticks[full] + expected) < LeastGain * rows / costs.Ticks[rows]) return now;
        _hasWaited = true;
        return until;
    }

    private void Learn(double rate)
    {
        if (_answered == 0 || _window == 0) return;
        var share = Math.Max(0, _returned - (rate * _window)) / _answered;
        _alike = Math.Abs(_arrived - _answered) * 8 <= _answered ? Math.Min(_alike + 1, LeastAlike) : 0;
        // A wait although too few were known to come back.
        if (_hasWaited && _share < LeastShare) NoteTrial(share);
        else _share += (share - _share) * Weight;
        _sinceTrial = Math.Min(_sinceTrial + 1, MostInterval);
        if (_hasWaited) _delay += ((_returned < _answered ? _window : _lastReturnAt - _endedAt) - _delay) * Weight;
        else _delay -= _delay * Forgotten;
    }

    private void NoteTrial(double share)
    {
        if (_returned * 4 < _answered * 3) (_sinceTrial, _trials, _interval) = (0, 0, Math.Min(2 * _interval, MostInterval));
        else if (++_trials == TrialsBelieved) (_share, _trials, _interval) = (share, 0, LeastInterval);
    }
}
