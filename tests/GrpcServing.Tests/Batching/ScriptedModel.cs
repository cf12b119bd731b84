using GrpcServing.Execution;
using GrpcServing.Models;

namespace GrpcServing.Tests.Batching;

/// <summary>A model whose executors are the test's.</summary>
internal sealed class ScriptedModel : ILoadedModel
{
    /// <summary>The next executor to be asked for.</summary>
    public ScriptedExecutor Next { get; } = new();

    public bool IsDisposed { get; private set; }

    public long MemoryBytes => 0;

    public Executor CreateExecutor() => Next;

    public void Dispose() => IsDisposed = true;
}
