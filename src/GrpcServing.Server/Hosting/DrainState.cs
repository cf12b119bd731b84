namespace GrpcServing.Hosting;

/// <summary>Whether the server is stopping, and which inferences are still under way then.</summary>
/// <remarks>
/// Begun once, by the host. Every inference enters and leaves; any thread. Nothing enters once draining has begun, so
/// <see cref="LastLeft"/> completes for good.
/// </remarks>
internal sealed class DrainState : IDisposable
{
    private const long DrainingBit = 1L << 62;

    private readonly CancellationTokenSource _draining = new();
    private readonly TaskCompletionSource _lastLeft = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _underWay;

    public static ServingError Refusal { get; } = new(ErrorReason.Draining, "GRPC server is shutting down and has stopped accepting new requests.");

    public bool IsDraining => Volatile.Read(ref _underWay) >= DrainingBit;

    /// <summary>Cancelled when draining begins: for streams that would otherwise wait for their next message.</summary>
    public CancellationToken Draining => _draining.Token;

    /// <summary>Completes when draining has begun and nothing is under way any more.</summary>
    public Task LastLeft => _lastLeft.Task;

    /// <summary>Begins an inference; false when the server is draining: it is to be refused.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _underWay) < DrainingBit) return true;
        Leave();
        return false;
    }

    /// <summary>Ends what <see cref="TryEnter"/> began.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _underWay) == DrainingBit) _lastLeft.TrySetResult();
    }

    /// <returns>False when it had begun before.</returns>
    public bool TryBegin()
    {
        long before;
        do
        {
            before = Volatile.Read(ref _underWay);
            if (before >= DrainingBit) return false;
        }
        while (Interlocked.CompareExchange(ref _underWay, before + DrainingBit, before) != before);
        if (before == 0) _lastLeft.TrySetResult();
        return true;
    }

    /// <summary>Tells those who wait on <see cref="Draining"/>; after everything that they will look at says so too.</summary>
    public void Announce() => _draining.Cancel();

    public void Dispose() => _draining.Dispose();
}
