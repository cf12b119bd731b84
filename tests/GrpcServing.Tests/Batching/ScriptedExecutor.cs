using System.Runtime.InteropServices;
using GrpcServing.Execution;
using GrpcServing.Routing;

namespace GrpcServing.Tests.Batching;

/// <summary>An executor of a model y = x + 1 over FP32 rows of one element, that runs only when the test lets it.</summary>
/// <remarks>A row that holds a negative number makes the run fail.</remarks>
internal sealed class ScriptedExecutor : Executor
{
    private readonly SemaphoreSlim _started = new(0);
    private readonly SemaphoreSlim _released = new(0);
    private readonly SemaphoreSlim _terminated = new(0);
    private readonly SemaphoreSlim _askedToEnd = new(0);
    private readonly long[] _shape = [0, 1];
    private float[] _input = [];
    private float[] _output = [];
    private (TensorBuffer Body, InputSlice Elements)? _borrowed;
    private volatile bool _terminate;

    /// <summary>Rows of every run, in order.</summary>
    public List<int> Runs { get; } = [];

    /// <summary>What the last run read.</summary>
    public IReadOnlyList<float> Input => _input;

    public bool IsDisposed { get; private set; }

    /// <summary>False: a run waits inside for <see cref="Release"/>.</summary>
    public bool RunsFreely { get; set; } = true;

    /// <summary>True: a run goes on when it is terminated.</summary>
    public bool Hangs { get; set; }

    /// <summary>True: it takes inputs that lie elsewhere, and reads them when the run ends.</summary>
    public bool Borrows { get; set; }

    /// <summary>Inputs that it took so.</summary>
    public int Borrowed { get; private set; }

    /// <summary>Waits for a call of <see cref="Terminate"/>.</summary>
    public Task AskedToEndAsync() => _askedToEnd.WaitAsync(TestContext.Current.CancellationToken);

    /// <summary>Whether a run begins within a moment.</summary>
    public Task<bool> StartsSoonAsync() => _started.WaitAsync(50, TestContext.Current.CancellationToken);

    public Task StartedAsync() => _started.WaitAsync(TestContext.Current.CancellationToken);

    public void Release() => _released.Release();

    public override void Bind(ShapeBucket bucket, int rows)
    {
        _terminate = false;
        _borrowed = null;
        _input = new float[rows];
    }

    public override void Write(int input, long firstElement, ReadOnlySpan<byte> raw) =>
        MemoryMarshal.Cast<byte, float>(raw).CopyTo(_input.AsSpan((int)firstElement));

    public override bool TryBorrow(int input, TensorBuffer body, InputSlice elements)
    {
        if (!Borrows) return false;
        Borrowed++;
        _borrowed = (body, elements);
        return true;
    }

    public override void Run()
    {
        lock (Runs) Runs.Add(_input.Length);
        _started.Release();
        if (!RunsFreely) WaitHandle.WaitAny([_released.AvailableWaitHandle, _terminated.AvailableWaitHandle]);
        if (_terminate && !RunsFreely) _terminated.Wait(0, CancellationToken.None);
        if (_terminate) throw new ExecutionException("terminated by the test", terminated: true);
        if (!RunsFreely) _released.Wait(0, CancellationToken.None);
        if (_borrowed is var (body, elements)) MemoryMarshal.Cast<byte, float>(body.Slice(elements.Offset, elements.Length)).CopyTo(_input);
        if (_input.Any(static x => x < 0)) throw new ExecutionException("a negative row", terminated: false);
        _output = [.. _input.Select(static x => x + 1)];
    }

    public override void Terminate()
    {
        if (!Hangs)
        {
            _terminate = true;
            _terminated.Release();
        }
        _askedToEnd.Release();
    }

    public override long[] OutputShape(int output)
    {
        _shape[0] = _output.Length;
        return [.. _shape];
    }

    public override ReadOnlySpan<byte> OutputBytes(int output) => MemoryMarshal.AsBytes<float>(_output);

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        _started.Dispose();
        _released.Dispose();
        _terminated.Dispose();
        _askedToEnd.Dispose();
    }
}
