using System.Threading.Channels;

namespace GrpcServing.Shadowing;

internal enum ShadowEventKind
{
    /// <summary>A request to be copied.</summary>
    Offered,
    /// <summary>One of the runs of a copy was answered.</summary>
    Answered,
    /// <summary>A second of the primary's life is over.</summary>
    WindowPassed,
    /// <summary>Somebody wants to look at the shadow's state.</summary>
    Ask,
    /// <summary>The shadow ends.</summary>
    End,
}

/// <summary>Something that happened to a shadow.</summary>
internal readonly record struct ShadowEvent(ShadowEventKind Kind, object? Subject)
{
    public static ShadowEvent Offered(ShadowCopy copy) => new(ShadowEventKind.Offered, copy);

    public static ShadowEvent Answered(ShadowCopy copy) => new(ShadowEventKind.Answered, copy);

    public static ShadowEvent WindowPassed(LoadWindow window) => new(ShadowEventKind.WindowPassed, window);

    public static ShadowEvent Ask(Action question) => new(ShadowEventKind.Ask, question);

    public static ShadowEvent End { get; } = new(ShadowEventKind.End, null);
}

/// <summary>What happened to a shadow and has not been seen by its thread yet.</summary>
/// <remarks>
/// <para>
/// Written by any thread, read by the shadow's. Unbounded because the tap bounds it: what is not admitted is not written, and an admitted
/// copy comes back once per run.
/// </para>
/// <para>
/// A writer does not wake a reader who is about to look again: while there is traffic the reader looks every <see cref="Nap"/>, so a copy
/// costs its caller no system call, and the copies of several milliseconds are handled together.
/// </para>
/// </remarks>
internal sealed class ShadowQueue
{
    /// <summary>Longest wait of a copy before the shadow's thread sees it; 500 wake-ups a second take under 0.5 % of a core.</summary>
    public static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(2);

    /// <summary>Looks in vain before the reader lies down until it is woken.</summary>
    private const int NapsBeforeSleep = 50;

    private readonly Channel<ShadowEvent> _events = Channel.CreateUnbounded<ShadowEvent>(new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = false });
    private readonly object _bell = new();
    private bool _rung;
    private int _asleep;
    private int _naps;

    /// <returns>False when nobody reads any more: the subject is still the caller's.</returns>
    public bool TryPost(ShadowEvent happened)
    {
        if (!_events.Writer.TryWrite(happened)) return false;
        // Either this sees the reader asleep, or the reader, which looks once more after it says so, sees the event.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _asleep) != 0 && Interlocked.Exchange(ref _asleep, 0) != 0) Ring();
        return true;
    }

    /// <summary>As <see cref="TryPost"/>, and somebody waits for what follows: wakes the reader from a nap too.</summary>
    public bool TryPostUrgent(ShadowEvent happened)
    {
        if (!TryPost(happened)) return false;
        Ring();
        return true;
    }

    /// <summary>Reader only.</summary>
    public bool TryTake(out ShadowEvent happened)
    {
        if (!_events.Reader.TryRead(out happened)) return false;
        _naps = 0;
        return true;
    }

    /// <summary>Reader only, when there was nothing to take: returns when there may be.</summary>
    public void Wait()
    {
        if (++_naps < NapsBeforeSleep)
        {
            Listen(Nap);
            return;
        }
        Interlocked.Exchange(ref _asleep, 1);
        if (!_events.Reader.TryPeek(out _)) Listen(Timeout.InfiniteTimeSpan);
        Volatile.Write(ref _asleep, 0);
        _naps = 0;
    }

    private void Ring()
    {
        lock (_bell)
        {
            _rung = true;
            Monitor.Pulse(_bell);
        }
    }

    private void Listen(TimeSpan longest)
    {
        lock (_bell)
        {
            if (!_rung) Monitor.Wait(_bell, longest);
            _rung = false;
        }
    }

    /// <summary>Reader only: takes nothing more in. What is in it can still be taken.</summary>
    public void Complete() => _events.Writer.TryComplete();
}
