using GrpcServing.Batching;

namespace GrpcServing.Simulator;

/// <summary>One device on virtual time that a primary lane and a lane of copies share, by the server's own schedulers and rule.</summary>
/// <remarks>
/// A request is copied when it arrives. Without <see cref="SlackSettings.Defers"/> a run of copies ends at once when a request arrives; with
/// it, the copies are asked first whenever the device is free.
/// </remarks>
internal sealed class ShadowSimulation
{
    private readonly Profile _primaryProfile;
    private readonly Profile _shadowProfile;
    private readonly DeadlineScheduler _primary;
    private readonly SlackScheduler _shadow;
    private readonly LanePulse _pulse = new(bounds: null, Profile.TicksPerSecond);
    private readonly SlackSettings _settings;
    private readonly long _maxAge;
    private readonly ShadowOutcome _outcome = new();
    private readonly Batch _batch = new();
    private bool _isBusy;
    private bool _isShadow;
    private long _startedAt;
    private long _endsAt = long.MaxValue;
    private long _primaryWake = long.MaxValue;
    private long _shadowWake = long.MaxValue;
    private long _waitingSince = long.MaxValue;
    private long _countsUntil;

    public ShadowSimulation(Profile primary, Profile shadow, SlackSettings settings, long maxAge, ulong seed)
    {
        _primaryProfile = primary;
        _shadowProfile = shadow;
        _settings = settings;
        _maxAge = maxAge;
        _primary = new DeadlineScheduler(Settings(primary, seed), Swept(primary));
        _shadow = new SlackScheduler(Settings(shadow, seed), Swept(shadow), new SlackRule(settings));
        _pulse.SetCosts([.. Enumerable.Range(0, primary.MaxRows + 1).Select(rows => rows == 0 ? 0 : primary.Ticks(rows))]);
    }

    /// <param name="mirror">False: no copies, the primary alone.</param>
    public ShadowOutcome Run(Arrival[] trace, bool mirror)
    {
        _outcome.Primary.Offered = trace.Length;
        // Later copies would find the device free for ever after the end of the trace.
        _countsUntil = trace.Length == 0 ? 0 : trace[^1].At - _maxAge;
        var next = 0;
        while (true)
        {
            var now = Math.Min(_endsAt, Math.Min(_primaryWake, _shadowWake));
            if (next < trace.Length) now = Math.Min(now, trace[next].At);
            if (now == long.MaxValue) break;
            var asksPrimary = _primaryWake <= now || _endsAt <= now;
            if (_endsAt <= now) Finish(now);
            for (; next < trace.Length && trace[next].At <= now; next++)
            {
                asksPrimary = true;
                Arrive(trace[next], now, mirror);
            }
            if (asksPrimary && _isBusy && _isShadow && !_settings.Defers && _primary.QueuedEntries > 0) Preempt(now);
            Start(now, asksPrimary);
        }
        if (_primary.QueuedEntries > 0) throw new InvalidOperationException($"{_primary.QueuedEntries} requests were left without an answer.");
        return _outcome;
    }

    private void Arrive(Arrival arrival, long now, bool mirror)
    {
        var entry = new SimulatedRequest { ArrivedAt = arrival.At, Rows = arrival.Rows, TrueDeadline = arrival.Deadline, Deadline = arrival.Deadline };
        _pulse.Arrived(entry, now);
        _primary.Arrive(entry, now);
        TakeRefused();
        if (!mirror) return;
        if (now <= _countsUntil) _outcome.Copies++;
        _shadow.Arrive(new SimulatedRequest { ArrivedAt = arrival.At, Rows = arrival.Rows, TrueDeadline = long.MaxValue, QueueExpiry = arrival.At + _maxAge }, now);
        _shadow.Refused.Clear();
    }

    private void Finish(long now)
    {
        if (_isShadow)
        {
            _shadow.Finished(_batch, succeeded: true, _startedAt, now);
            _outcome.Compared += _batch.Members.Count(member => member.ArrivedAt <= _countsUntil);
            _outcome.ShadowTicks += now - _startedAt;
        }
        else
        {
            _primary.Finished(_batch, succeeded: true, _startedAt, now);
        }
        Free();
    }

    private void Preempt(long now)
    {
        _shadow.Finished(_batch, succeeded: false, _startedAt, now);
        foreach (var member in _batch.Members) _shadow.Requeue(member, companyRows: 0, now);
        _shadow.Refused.Clear();
        _outcome.Preempted++;
        _outcome.ShadowTicks += now - _startedAt;
        _outcome.WastedTicks += now - _startedAt;
        Free();
    }

    private void Free()
    {
        _batch.Clear();
        _isBusy = false;
        _endsAt = long.MaxValue;
    }

    private void Start(long now, bool asksPrimary)
    {
        if (_isBusy && _isShadow)
        {
            // The primary is asked again when the run ends.
            _primaryWake = _shadowWake = long.MaxValue;
            NoteWaiting(now);
            return;
        }
        if (!_isBusy)
        {
            NoteWaiting(now);
            if (_settings.Defers && StartShadow(now)) return;
        }
        if (asksPrimary) AskPrimary(now);
        if (_isBusy) _shadowWake = long.MaxValue;
        else if (!_settings.Defers) StartShadow(now);
    }

    /// <summary>Keeps since when somebody has waited whom the device could have served.</summary>
    private void NoteWaiting(long now) => _waitingSince = _primary.QueuedEntries == 0 ? long.MaxValue : _waitingSince == long.MaxValue ? now : _waitingSince;

    private void AskPrimary(long now)
    {
        var decision = _primary.Decide(now, _isBusy ? new Batch() : _batch);
        TakeRefused();
        _primaryWake = decision.WakeAt;
        if (!decision.Run)
        {
            // Until then it waits for company: nobody holds it up.
            if (!_isBusy) _waitingSince = decision.WakeAt;
            return;
        }
        _outcome.LongestDelay = Math.Max(_outcome.LongestDelay, now - _waitingSince);
        _outcome.Starts.Add((now, _batch.Rows));
        var ticks = _primaryProfile.Ticks(_batch.PaddedRows);
        _outcome.Primary.Count(_batch, ticks, now + ticks);
        Begin(now, ticks, isShadow: false);
        _waitingSince = long.MaxValue;
    }

    private bool StartShadow(long now)
    {
        _pulse.SetQueue(_primary.QueuedRows, _primary.HeadDeadline, _waitingSince);
        _shadow.View.Primaries.Clear();
        _shadow.View.Primaries.Add(_pulse.Read(now));
        _shadow.View.LookAgainAt = now + Profile.TicksPerSecond / 1000;
        var decision = _shadow.Decide(now, _batch);
        _shadow.Refused.Clear();
        _shadowWake = decision.WakeAt;
        if (!decision.Run) return false;
        var ticks = _shadowProfile.Ticks(_batch.PaddedRows);
        Begin(now, ticks, isShadow: true);
        return true;
    }

    private void Begin(long now, long ticks, bool isShadow)
    {
        (_isBusy, _isShadow) = (true, isShadow);
        (_startedAt, _endsAt) = (now, now + ticks);
    }

    private void TakeRefused()
    {
        foreach (var entry in _primary.Refused) _outcome.Primary.Refuse(entry.Refusal);
        _primary.Refused.Clear();
    }

    private static SchedulerSettings Settings(Profile profile, ulong seed) => new()
    {
        MaxBatchRows = profile.MaxRows,
        TicksPerSecond = Profile.TicksPerSecond,
        MayWait = false,
        Seed = seed,
    };

    private static MeasuredLatencyTable Swept(Profile profile)
    {
        var table = new MeasuredLatencyTable(profile.MaxRows);
        for (var rows = 1; rows <= profile.MaxRows; rows++) table.Observe(0, rows, profile.Ticks(rows));
        return table;
    }
}
