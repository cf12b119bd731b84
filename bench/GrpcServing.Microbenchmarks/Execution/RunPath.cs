using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Onnx;

namespace GrpcServing.Microbenchmarks.Execution;

/// <summary>Binds, writes so many rows, runs and reads the outputs of the bundled digits model, version 1.</summary>
internal sealed class RunPath : MeasuredPath
{
    private readonly ILoadedModel _model;
    private readonly Executor _executor;
    private readonly ShapeBucket _bucket;
    private readonly byte[] _row;
    private readonly int _rows;

    public RunPath(int rows)
    {
        var directory = Path.Combine(AppContext.BaseDirectory, "models", "digits");
        var file = Path.Combine(directory, "1", "model.onnx");
        var runtime = new OnnxModelRuntime();
        var configuration = ConfigurationReader.Read(directory, runtime.Inspect(file));
        var spec = ModelSpec.Create("digits", 1, configuration);
        _model = runtime.Load(file, spec, configuration.Execution);
        _executor = _model.CreateExecutor();
        _bucket = new ShapeTable(spec).Only!;
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

    protected override void Dispose(bool disposing)
    {
        _executor.Dispose();
        _model.Dispose();
    }
}
