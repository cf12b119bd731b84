using System.Runtime.InteropServices;
using GrpcServing.Execution;
using GrpcServing.Models;

namespace GrpcServing.Tests.Shadowing;

/// <summary>What one version of the scripted model does: x FP32 [batch, 1] in, y FP32 [batch, 1] out.</summary>
internal sealed class Script
{
    /// <summary>y of x; NaN makes the run fail.</summary>
    public Func<float, float> Answer { get; set; } = static x => x;

    /// <summary>Set: runs go through. Reset: they wait, until it is set or they are terminated.</summary>
    public ManualResetEventSlim Gate { get; } = new(initialState: true);

    /// <summary>Terminate does nothing: only the gate ends a run.</summary>
    public bool IgnoresTerminate { get; set; }
}

/// <summary>A runtime whose versions do what their scripts say; no native library.</summary>
internal sealed class ScriptedRuntime(Func<long, Script> script) : IModelRuntime
{
    public string? CheckDevice(string device) => null;

    public GraphSpec Inspect(string modelFile) => new()
    {
        Inputs = [new GraphTensor("x", TensorDataType.Fp32, [-1, 1], ["batch", ""])],
        Outputs = [new GraphTensor("y", TensorDataType.Fp32, [-1, 1], ["batch", ""])],
        RowsAreIndependent = true,
    };

    public ILoadedModel Load(string modelFile, ModelSpec spec, ExecutionConfiguration execution) => new LoadedScript(script(spec.Version));

    private sealed class LoadedScript(Script script) : ILoadedModel
    {
        public long MemoryBytes => 0;

        public Executor CreateExecutor() => new GatedExecutor(script);

        public void Dispose()
        {
            // Holds nothing.
        }
    }
}

/// <summary>Runs a script; allocates nothing per batch.</summary>
internal sealed class GatedExecutor(Script script) : Executor
{
    private readonly float[] _input = new float[1024];
    private readonly float[] _output = new float[1024];
    private readonly CancellationTokenSource _disposed = new();
    private long[] _shape = [0, 1];
    private int _rows;
    private volatile bool _terminate;

    public override void Bind(ShapeBucket bucket, int rows)
    {
        _terminate = false;
        _rows = rows;
        if (_shape[0] != rows) _shape = [rows, 1];
    }

    public override void Write(int input, long firstElement, ReadOnlySpan<byte> raw) =>
        MemoryMarshal.Cast<byte, float>(raw).CopyTo(_input.AsSpan((int)firstElement));

    public override void Run()
    {
        while (!script.Gate.Wait(1, CancellationToken.None))
            if (_terminate && !script.IgnoresTerminate) break;
        if (_terminate) throw new ExecutionException("terminated", terminated: true);
        for (var row = 0; row < _rows; row++)
        {
            _output[row] = script.Answer(_input[row]);
            if (float.IsNaN(_output[row])) throw new ExecutionException($"x = {_input[row]}", terminated: false);
        }
    }

    public override void Terminate() => _terminate = true;

    public override long[] OutputShape(int output) => _shape;

    public override ReadOnlySpan<byte> OutputBytes(int output) => MemoryMarshal.AsBytes(_output.AsSpan(0, _rows));

    protected override void Dispose(bool disposing) => _disposed.Dispose();
}
