namespace GrpcServing.Batching;

/// <summary>Requests in order of arrival, as columns: what a <see cref="Continuation"/> plays. Bounded, reused.</summary>
internal sealed class Arrivals(int capacity)
{
    public long[] At { get; } = new long[capacity];

    public long[] Due { get; } = new long[capacity];

    public int[] Rows { get; } = new int[capacity];

    public int Count { get; private set; }

    public int Capacity => At.Length;

    public bool IsFull => Count == At.Length;

    public void Clear() => Count = 0;

    public void Add(long at, long due, int rows)
    {
        At[Count] = at;
        Due[Count] = due;
        Rows[Count++] = rows;
    }
}
