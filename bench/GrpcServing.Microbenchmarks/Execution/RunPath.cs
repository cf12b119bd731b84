using GrpcServing.Execution;

namespace GrpcServing.Microbenchmarks.Execution;

/// <summary>Binds, writes so many rows, runs and reads the outputs of the bundled digits model, version 1.</summary>
internal sealed class RunPath : MeasuredPath
{
    private readonly OpenModel _model = new(Path.Combine(AppContext.BaseDirectory, "models", "digits"));
    private readonly Executor _executor;
    private readonly ShapeBucket _bucket;
    private readonly byte[] _row;
    private readonly int _rows;

    public RunPath(int rows)
    {
        _executor = _model.Executor;
        _bucket = _model.Shapes.Only!;
        _row = new byte[_bucket.RowElements[0] * sizeof(float)];
        _rows = rows;
    }

    public override void Run()
    {
        _executor.Bind(_bucket, _rows);
        for (var row = 0; row < _rows; row++) _executor.Write(0, _bucket.RowElements[0] * row, _row);
        _executor.Run();
        if (_executor.OutputShape(0)[0] != _rows || _executor.OutputBytes(0).IsEmpty) throw new InvalidOperationException("The run has no output.");
    }

    protected override void Dispose(bool disposing) => _model.Dispose();
}
