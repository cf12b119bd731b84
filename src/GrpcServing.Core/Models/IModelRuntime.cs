using GrpcServing.Execution;

namespace GrpcServing.Models;

/// <summary>Turns a model file into something that runs. Implemented over ONNX Runtime; a test double needs no native library.</summary>
public interface IModelRuntime
{
    /// <summary>Checks that this build and machine have the device.</summary>
    /// <returns>Null when it is there; otherwise a sentence that says what is missing and how to get it.</returns>
    string? CheckDevice(string device);

    /// <summary>Reads what the file declares, and probes whether its rows are independent. Blocking; no state is kept.</summary>
    /// <exception cref="ModelLoadException">The file is not a model that this runtime takes; the message names file and cause.</exception>
    GraphSpec Inspect(string modelFile);

    /// <summary>Loads the model for execution. Blocking, may take seconds; may be called for several models at once.</summary>
    /// <exception cref="ModelLoadException">The model cannot run here; the message names file and cause.</exception>
    ILoadedModel Load(string modelFile, ModelSpec spec, ExecutionConfiguration execution);
}

/// <summary>One model version in memory. Dispose after all its executors.</summary>
public interface ILoadedModel : IDisposable
{
    /// <summary>Bytes of weights and arena as far as the runtime tells; 0 when unknown.</summary>
    long MemoryBytes { get; }

    /// <summary>A further place where one batch runs at a time. Executors share the weights.</summary>
    Executor CreateExecutor();
}

/// <summary>A model could not be loaded. The message is complete: it names the model or file, the field at fault, and what to do.</summary>
public sealed class ModelLoadException(string message, Exception? inner = null) : Exception(message, inner);
