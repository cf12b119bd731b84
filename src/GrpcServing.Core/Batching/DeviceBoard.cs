using System.Collections.Immutable;

namespace GrpcServing.Batching;

/// <summary>One device, where the lanes that answer callers show what they do and lanes of copies see whether they may.</summary>
/// <remarks>
/// <para>
/// Several primaries, several models and several lanes of copies share it, and so one rule. Copies on a processor have threads of their own, of
/// the lowest priority, but two logical processors may be one core: so while the runs of the device take more than half of its threads, copies
/// run only when no primary is present, and stop when one comes. Copies of all lanes together never take more than that half.
/// </para>
/// <para>
/// Primaries pay one read per request while no copy runs (<see cref="PrimaryArrives"/>), and never take a lock here. Start and arrival cannot
/// miss each other: a run of copies shows itself, then looks for primaries; a request takes its place in the queue, then looks for copies.
/// </para>
/// </remarks>
internal sealed class DeviceBoard : IThreadPoolWorkItem
{
    // A wake-up costs the loop of a primary some microseconds: at most this often.
    private const int WakesPerSecond = 1000;

    // Copies that wait look by themselves this often, in case nobody wakes them.
    private const int LooksPerSecond = 200;

    private readonly Lock _lock = new();
    private readonly int _threads;
    private readonly ProcessorMeter _processor;
    private ShadowThrottle _throttle;
    private readonly ITimer _clock;
    private readonly TimeProvider _time;
    private ImmutableArray<PrimaryRole> _primaries = [];
    private ImmutableArray<ShadowRole> _shadows = [];
    private volatile bool _hasShadows;
    private volatile bool _isSuspended;
    private volatile bool _isOff;
    private int _runningCopies;
    private int _waking;
    private long _lastWakeAt = long.MinValue / 2;
    private long _copyNanoseconds;
    private long _second;
    private double _share = 1;

    /// <param name="threads">Batches that the device runs at the same time without sharing anything between them: logical processors, or 1.</param>
    public DeviceBoard(string device, int threads, ProcessorMeter processor, TimeProvider time)
    {
        Device = device;
        _threads = threads;
        _processor = processor;
        _time = time;
        _throttle = NewThrottle();
        _clock = time.CreateTimer(static board => ((DeviceBoard)board!).NextSecond(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public string Device { get; }

    /// <summary>True while there is a lane of copies: only then primaries tell more than that they are there.</summary>
    public bool HasShadows => _hasShadows;

    /// <summary>Copies are held off for a moment, to see how the primaries do without.</summary>
    public bool IsOff => _isOff;

    /// <summary>Share of the copies asked for that may be made, 0 to 1: less than 1 while the primaries suffer.</summary>
    public double Share => _isSuspended ? 0 : Volatile.Read(ref _share);

    /// <summary>The kill switch: runs of copies end at once, and none starts until it is set back.</summary>
    public bool IsSuspended
    {
        get => _isSuspended;
        set
        {
            _isSuspended = value;
            if (value) StopCopies();
            else Wake();
        }
    }

    /// <summary>A request takes its place in the lane of a primary, and has been counted there. Any thread.</summary>
    public void PrimaryArrives()
    {
        if (Volatile.Read(ref _runningCopies) == 0 || !IsContended(arriving: 1)) return;
        foreach (var shadow in _shadows) shadow.MakeWay();
    }

    /// <summary>A primary has nothing to do for the moment.</summary>
    public void PrimaryRests(long now)
    {
        if (!_hasShadows || now - Volatile.Read(ref _lastWakeAt) < _time.TimestampFrequency / WakesPerSecond) return;
        Volatile.Write(ref _lastWakeAt, now);
        Wake();
    }

    /// <summary>True when a primary is present that copies slow down.</summary>
    public bool IsPrimaryHeldUp => IsPrimaryPresent && IsContended(arriving: 0);

    /// <summary>A run of copies is about to start and shows itself.</summary>
    /// <returns>False when a primary came first, or copies are held off: the run must stop, and end as every other.</returns>
    public bool CopiesStart()
    {
        return Interlocked.Increment(ref _runningCopies) <= Half && !_isSuspended && !_isOff && !(IsContended(arriving: 1) && IsPrimaryPresent);
    }

    /// <param name="nanoseconds">Processor time of the run.</param>
    public void CopiesEnded(long nanoseconds)
    {
        Interlocked.Decrement(ref _runningCopies);
        Interlocked.Add(ref _copyNanoseconds, nanoseconds);
        if (_shadows.Length > 1) Wake();
    }

    /// <summary>Fills in what a lane of copies may know of this instant. Any lane of copies.</summary>
    public void Look(SlackView view, long now)
    {
        lock (_lock)
        {
            _processor.Look(TimeSpan.FromMicroseconds(Interlocked.Read(ref _copyNanoseconds) / 1000), now);
            view.MayRun = !_isSuspended && !_isOff && _processor.HasRoom && Volatile.Read(ref _runningCopies) < Half;
            // This run, and a primary that may come.
            view.IsContended = IsContended(arriving: 2);
            view.LookAgainAt = now + _time.TimestampFrequency / LooksPerSecond;
            view.Primaries.Clear();
            foreach (var primary in _primaries) view.Primaries.Add(primary.Pulse.Read(now));
        }
    }

    /// <summary>True when a request of a primary waits or runs on the device.</summary>
    public bool IsPrimaryPresent
    {
        get
        {
            foreach (var primary in _primaries)
                if (primary.Pulse.IsPresent) return true;
            return false;
        }
    }

    public void Add(PrimaryRole primary)
    {
        lock (_lock) _primaries = _primaries.Add(primary);
    }

    public void Remove(PrimaryRole primary)
    {
        lock (_lock) _primaries = _primaries.Remove(primary);
    }

    public void Add(ShadowRole shadow)
    {
        lock (_lock)
        {
            _shadows = _shadows.Add(shadow);
            if (_shadows.Length > 1) return;
            _throttle = NewThrottle();
            _second = 0;
            Volatile.Write(ref _share, 1);
            foreach (var primary in _primaries) primary.Phases.Forget();
            _hasShadows = true;
            _clock.Change(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        }
    }

    public void Remove(ShadowRole shadow)
    {
        lock (_lock)
        {
            _shadows = _shadows.Remove(shadow);
            if (!_shadows.IsEmpty) return;
            _hasShadows = false;
            _isOff = false;
            _clock.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>On the thread pool rather than on the primary's thread: the way to a lane of copies may lead through a lock that a thread of the lowest priority holds.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        Volatile.Write(ref _waking, 0);
        foreach (var shadow in _shadows) shadow.Wake();
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref _waking, 1) == 0) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>At least one run always has a thread of its own.</summary>
    private int Half => Math.Max(1, _threads / 2);

    /// <summary>Whether so many more runs would make it more than half of the threads.</summary>
    private bool IsContended(int arriving)
    {
        var running = arriving + Volatile.Read(ref _runningCopies);
        foreach (var primary in _primaries) running += primary.Pulse.RunningBatches * primary.ThreadsPerRun;
        return running > Half;
    }

    private ShadowThrottle NewThrottle() => new(leastRise: _time.TimestampFrequency / 20_000);

    private void StopCopies()
    {
        foreach (var shadow in _shadows) shadow.StopRuns();
    }

    private void NextSecond()
    {
        lock (_lock)
        {
            if (!_hasShadows) return;
            _second++;
            if (_second % ShadowThrottle.SecondsPerJudgement == 0) Judge();
            var off = ShadowThrottle.IsOff(_second);
            if (off == _isOff) return;
            _isOff = off;
        }
        if (_isOff) StopCopies();
        else Wake();
    }

    private void Judge()
    {
        var with = new PhaseCounts[_primaries.Length];
        var without = new PhaseCounts[_primaries.Length];
        for (var i = 0; i < with.Length; i++)
        {
            with[i] = _primaries[i].Phases.Take(withoutCopies: false);
            without[i] = _primaries[i].Phases.Take(withoutCopies: true);
        }
        _throttle.Judge(with, without);
        Volatile.Write(ref _share, _throttle.Share);
    }
}
