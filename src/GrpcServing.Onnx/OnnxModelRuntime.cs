using GrpcServing.Models;
using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Onnx;

/// <summary>Models through ONNX Runtime. Any thread; several loads at once are fine.</summary>
public sealed class OnnxModelRuntime : IModelRuntime
{
    public OnnxModelRuntime() => OrtRuntime.Ensure();

    public string? CheckDevice(string device) => OrtDevice.Parse(device, out var error) is { } parsed ? parsed.FindMissing() : error;

    public GraphSpec Inspect(string modelFile)
    {
        // On the CPU and without optimisation: the declaration and the independence of rows are the same, and it is the quickest to open.
        using var options = new SessionOptions
        {
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
        };
        using var session = Open(modelFile, options);
        var (inputs, outputs) = GraphReader.Read(session, modelFile);
        return new GraphSpec { Inputs = inputs, Outputs = outputs, RowsAreIndependent = new RowProbe(session, inputs, outputs).Run() };
    }

    public ILoadedModel Load(string modelFile, ModelSpec spec, ExecutionConfiguration execution)
    {
        var device = OrtDevice.Parse(execution.Device, out var error) ?? throw new ModelLoadException(error!);
        if (device.FindMissing() is { } missing) throw new ModelLoadException(missing);
        try
        {
            using var options = device.CreateOptions(execution);
            return new OnnxModel(Open(modelFile, options), spec, ModelBytes(modelFile));
        }
        catch (OnnxRuntimeException failure)
        {
            throw new ModelLoadException($"{modelFile} cannot run on '{execution.Device}': {failure.Message}", failure);
        }
    }

    private static InferenceSession Open(string modelFile, SessionOptions options)
    {
        try
        {
            return new InferenceSession(modelFile, options);
        }
        catch (OnnxRuntimeException failure)
        {
            throw new ModelLoadException($"{modelFile} is not a model that ONNX Runtime {OrtEnv.Instance().GetVersionString()} takes: {failure.Message}", failure);
        }
    }

    /// <summary>Weights as they lie on disk, external data files in the version directory included.</summary>
    private static long ModelBytes(string modelFile) =>
        new DirectoryInfo(Path.GetDirectoryName(Path.GetFullPath(modelFile))!).EnumerateFiles().Sum(static file => file.Length);
}
