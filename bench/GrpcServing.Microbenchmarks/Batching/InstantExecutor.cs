using GrpcServing.Execution;

namespace GrpcServing.Microbenchmarks.Batching;

/// <summary>An executor that answers each row with its input, at once: what is measured is what lies around it.</summary>
internal sealed class InstantExecutor(int maxRows, int rowBytes) : Executor
{
    private readonly byte[] _rows = new byte[maxRows * rowBytes];
    private readonly long[][] _shapes = [.. Enumerable.Range(0, maxRows + 1).Select(rows => new long[] { rows, rowBytes / sizeof(float) })];
    private int _bound;

    public override void Bind(ShapeBucket bucket, int rows) => _bound = rows;

    public override void Write(int input, long firstElement, ReadOnlySpan<byte> raw) => raw.CopyTo(_rows.AsSpan((int)firstElement * sizeof(float)));

    public override void Run()
    {
        // The answer is what was written.
    }

    public override void Terminate()
    {
        // A run has no length.
    }

    public override long[] OutputShape(int output) => _shapes[_bound];

    public override ReadOnlySpan<byte> OutputBytes(int output) => _rows.AsSpan(0, _bound * rowBytes);

    protected override void Dispose(bool disposing)
    {
        // Nothing is held.
    }
}
