using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Onnx;

namespace GrpcServing.Microbenchmarks.Execution;

/// <summary>Version 1 of a model as the server loads it, and one executor of it, without a lane.</summary>
internal sealed class OpenModel : IDisposable
{
    private readonly ILoadedModel _model;

    /// <param name="directory">The model's, in a repository.</param>
    public OpenModel(string directory)
    {
        var file = Path.Combine(directory, "1", "model.onnx");
        var runtime = new OnnxModelRuntime();
        var configuration = ConfigurationReader.Read(directory, runtime.Inspect(file));
        var spec = ModelSpec.Create(Path.GetFileName(directory), 1, configuration);
        Shapes = new ShapeTable(spec);
        _model = runtime.Load(file, spec, configuration.Execution);
        Executor = _model.CreateExecutor();
    }

    public ShapeTable Shapes { get; }

    public Executor Executor { get; }

    public void Dispose()
    {
        Executor.Dispose();
        _model.Dispose();
    }
}
