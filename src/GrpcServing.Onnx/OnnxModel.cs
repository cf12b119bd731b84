using GrpcServing.Execution;
using GrpcServing.Models;
using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Onnx;

/// <summary>One session, shared by its executors: ONNX Runtime runs one session from several threads.</summary>
internal sealed class OnnxModel(InferenceSession session, ModelSpec spec, long modelBytes) : ILoadedModel
{
    /// <summary>Bytes of the files of the version: the weights; the runtime does not tell what its arena adds.</summary>
    public long MemoryBytes => modelBytes;

    public Executor CreateExecutor() => new OnnxExecutor(session, spec);

    public void Dispose() => session.Dispose();
}
