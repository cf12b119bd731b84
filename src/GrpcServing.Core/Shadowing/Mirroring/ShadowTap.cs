using System.Collections.Immutable;
using GrpcServing.Batching;
using GrpcServing.Routing;
using GrpcServing.Telemetry;

namespace GrpcServing.Shadowing;

/// <summary>Where a shadow takes copies of the requests that its primary has answered.</summary>
/// <remarks>
/// <para>
/// In <see cref="Models.ServedVersion.Shadow"/> of the primary while the shadow is on. <see cref="Offer"/> from any thread, many at once: it costs
/// the caller a hash, a few counters, one object and one write to the shadow's queue, and nothing when the shadow is off.
/// </para>
/// <para>
/// Every request that is eligible is counted exactly once: as not chosen, as turned away with a reason, or as admitted. So eligible =
/// compared + dropped + waiting + not chosen holds at every instant.
/// </para>
/// </remarks>
internal sealed class ShadowTap
{
    /// <summary>Over which the primary's load is measured.</summary>
    public static readonly TimeSpan WindowLength = TimeSpan.FromSeconds(1);

    private readonly ShadowSettings _settings;
    private readonly ImmutableArray<KeyValuePair<string, string>> _filters;
    private readonly TimeProvider _time;
    private readonly ShadowQueue _queue;
    private readonly long _modelSeed;
    private readonly long _windowTicks;
    private readonly Lock _rolling = new();
    private readonly long[] _turnedAway = new long[CopyDrops.Count];
    private LoadWindow _window;
    private double _share = 1;
    private long _notChosen;
    private long _admitted;
    private long _copies;
    private long _bytes;
    private volatile bool _closed;

    /// <param name="queue">Of the shadow: gets what is admitted, and each window when it has passed.</param>
    public ShadowTap(string model, ShadowSettings settings, ShadowQueue queue, TimeProvider time)
    {
        _settings = settings;
        _filters = [.. settings.Filters];
        _queue = queue;
        _time = time;
        _modelSeed = RequestHash.SeedOf(model);
        _windowTicks = (long)(WindowLength.TotalSeconds * time.TimestampFrequency);
        _window = new LoadWindow(time.GetTimestamp() + _windowTicks);
        Slices = new SliceCounts(settings.SliceParameter);
    }

    public SliceCounts Slices { get; }

    /// <summary>Eligible requests that the hash did not choose.</summary>
    public long NotChosen => Volatile.Read(ref _notChosen);

    public long Admitted => Volatile.Read(ref _admitted);

    /// <summary>Admitted and not yet compared or dropped.</summary>
    public long Copies => Volatile.Read(ref _copies);

    /// <summary>Bytes that they hold.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Share of the chosen requests that are let in, 0..1: less than 1 while the primary suffers. Those kept out count as busy.</summary>
    public double Share
    {
        get => Volatile.Read(ref _share);
        set => Volatile.Write(ref _share, value);
    }

    /// <summary>The window that is filling.</summary>
    public LoadWindow CurrentWindow => Volatile.Read(ref _window);

    public long TurnedAway(CopyDrop reason) => Volatile.Read(ref _turnedAway[(int)reason]);

    /// <summary>Takes nothing more. What was admitted before comes out of the queue still.</summary>
    public void Close() => _closed = true;

    /// <summary>Copies the request if the shadow wants it: takes references on both bodies and hands them over. Never waits, never throws.</summary>
    /// <param name="request">Still the caller's.</param>
    /// <param name="answered">Its answer, when <paramref name="error"/> is none; still the caller's.</param>
    /// <param name="error">How the primary ended. A refusal, a missed deadline and a departed caller say nothing about the model and are not copied.</param>
    public void Offer(DecodedRequest request, PendingRequest answered, ServingError error)
    {
        if (_closed) return;
        var now = _time.GetTimestamp();
        var window = WindowAt(now);
        window.CountRequest();
        if (error.Reason is not (ErrorReason.None or ErrorReason.ExecutionFailed) || !PassesFilters(request)) return;

        window.CountEligible();
        var slice = Slices.Of(request.Parameters);
        slice.CountEligible();
        var hash = RequestHash.Of(_modelSeed, request);
        if (!RequestHash.IsIn(hash, _settings.Fraction, HashPurpose.Mirror))
        {
            Interlocked.Increment(ref _notChosen);
            return;
        }
        var bytes = (long)request.Body.Capacity + (error.IsNone ? answered.Result!.Body.Capacity : 0);
        var drop = TryEnter(hash, bytes);
        if (drop != CopyDrop.None)
        {
            TurnAway(drop, window);
            return;
        }

        request.Body.AddReference();
        if (error.IsNone) answered.Result!.Body.AddReference();
        var copy = new ShadowCopy
        {
            Request = request,
            Primary = error.IsNone ? answered.Result : null,
            PrimaryError = error,
            PrimaryRun = answered.Run,
            PrimaryBatch = answered.StartedAt,
            Hash = hash,
            OfferedAt = now,
            Bytes = bytes,
            Window = window,
            Slice = slice,
            Trace = ShadowTrace.Of(answered.Trace, request.Rows),
        };
        // Before it can be found in the queue, and so be counted as compared.
        Interlocked.Increment(ref _admitted);
        window.CountAdmitted();
        if (_queue.TryPost(ShadowEvent.Offered(copy))) return;

        // The shadow has ended this very moment.
        Interlocked.Decrement(ref _admitted);
        Leave(copy);
        copy.Release();
        TurnAway(CopyDrop.Stopped, window);
    }

    /// <summary>The copy's place is free again. Once for every copy that was admitted.</summary>
    public void Leave(ShadowCopy copy)
    {
        Interlocked.Decrement(ref _copies);
        Interlocked.Add(ref _bytes, -copy.Bytes);
    }

    /// <summary>The window of this instant; the one before is handed to the shadow.</summary>
    public LoadWindow WindowAt(long now)
    {
        var window = Volatile.Read(ref _window);
        return now < window.EndsAt ? window : Roll(now);
    }

    private LoadWindow Roll(long now)
    {
        LoadWindow passed, next;
        lock (_rolling)
        {
            passed = _window;
            if (now < passed.EndsAt) return passed;
            next = new LoadWindow(now + _windowTicks);
            Volatile.Write(ref _window, next);
        }
        _queue.TryPost(ShadowEvent.WindowPassed(passed));
        return next;
    }

    private bool PassesFilters(DecodedRequest request)
    {
        foreach (var (name, value) in _filters)
        {
            var passes = false;
            foreach (var parameter in request.Parameters)
                if (parameter.Name == name) passes = parameter.Value == value;
            if (!passes) return false;
        }
        return true;
    }

    /// <summary>Takes a place, or says why there is none. A lone copy always enters, whatever its size.</summary>
    private CopyDrop TryEnter(ulong hash, long bytes)
    {
        // Of the hash too: the requests that are still let in are the same on every replica.
        if (Share < 1 && !RequestHash.IsIn(hash, _settings.Fraction * Share, HashPurpose.Mirror)) return CopyDrop.Busy;
        var copiesAfter = Interlocked.Increment(ref _copies);
        var bytesAfter = Interlocked.Add(ref _bytes, bytes);
        if (copiesAfter == 1 || (copiesAfter <= _settings.MaxQueueRequests && bytesAfter <= _settings.MaxQueueBytes)) return CopyDrop.None;
        Interlocked.Decrement(ref _copies);
        Interlocked.Add(ref _bytes, -bytes);
        return copiesAfter > _settings.MaxQueueRequests ? CopyDrop.QueueFull : CopyDrop.Bytes;
    }

    private void TurnAway(CopyDrop reason, LoadWindow window)
    {
        Interlocked.Increment(ref _turnedAway[(int)reason]);
        window.CountNotAdmitted();
    }
}
