namespace GrpcServing.Batching;

/// <summary>How many copies may wait or run in one lane, and how many bytes they may hold. Any thread.</summary>
internal sealed class CopyBounds(int maxCopies, long maxBytes)
{
    private long _copies;
    private long _bytes;

    public long Copies => Volatile.Read(ref _copies);

    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Takes a place, to be given back by <see cref="Leave"/>, or says which bound is reached. A lone copy always enters.</summary>
    public CopyAnswer TryEnter(long bytes)
    {
        var copies = Interlocked.Increment(ref _copies);
        var bytesAfter = Interlocked.Add(ref _bytes, bytes);
        var drop = copies == 1 ? CopyDrop.None : copies > maxCopies ? CopyDrop.QueueFull : bytesAfter > maxBytes ? CopyDrop.Bytes : CopyDrop.None;
        if (drop == CopyDrop.None) return default;
        Leave(bytes);
        return new CopyAnswer(drop, new ServingError(ErrorReason.QueueFull, drop == CopyDrop.QueueFull
            ? $"{copies - 1} copies wait or run and maxQueueRequests of the shadow is {maxCopies}."
            : $"Copies that wait or run hold {bytesAfter - bytes} bytes and maxQueueBytes of the shadow is {maxBytes}."), default);
    }

    public void Leave(long bytes)
    {
        Interlocked.Decrement(ref _copies);
        Interlocked.Add(ref _bytes, -bytes);
    }
}
