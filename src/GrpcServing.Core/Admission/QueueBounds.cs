namespace GrpcServing.Admission;

/// <summary>How much may wait in one lane. Any thread; a request enters once and leaves once, in whatever way it leaves.</summary>
public sealed class QueueBounds(int maxRows, long maxBytes)
{
    private long _rows;
    private long _bytes;

    /// <summary>Rows waiting now.</summary>
    public long Rows => Volatile.Read(ref _rows);

    /// <summary>Input bytes waiting now.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Takes a place, or says which bound is reached. A lone request always enters, whatever its size.</summary>
    public ServingError TryEnter(int rows, int bytes)
    {
        var rowsAfter = Interlocked.Add(ref _rows, rows);
        var bytesAfter = Interlocked.Add(ref _bytes, bytes);
        if ((rowsAfter <= maxRows || rowsAfter == rows) && (bytesAfter <= maxBytes || bytesAfter == bytes)) return ServingError.None;

        Leave(rows, bytes);
        return new ServingError(ErrorReason.QueueFull, rowsAfter > maxRows
            ? $"Exceeds maximum queue size: {rowsAfter - rows} rows are waiting and batching.maxQueueRows is {maxRows}. Send less, or try again later."
            : $"Exceeds maximum queue size: {bytesAfter - bytes} bytes are waiting and batching.maxQueueBytes is {maxBytes}. Send less, or try again later.");
    }

    public void Leave(int rows, int bytes)
    {
        Interlocked.Add(ref _rows, -rows);
        Interlocked.Add(ref _bytes, -bytes);
    }
}
