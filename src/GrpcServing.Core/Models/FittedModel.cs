using GrpcServing.Batching;
using GrpcServing.Execution;

namespace GrpcServing.Models;

/// <summary>A model in memory, warm, with what was measured of it and the use of the cores that this suggests.</summary>
/// <param name="Model">The receiver's to dispose, after its executors.</param>
/// <param name="First">The first of its executors; the receiver's.</param>
/// <param name="Latency">l(b) of an executor.</param>
/// <param name="SingleRowTicks">l(1); 0 when it could not be measured.</param>
internal sealed record FittedModel(ILoadedModel Model, Executor First, MeasuredLatencyTable Latency, long SingleRowTicks, CoreSplit Cores)
{
    /// <summary>The same model with one thread a run, for copies; null where that is <see cref="Model"/> itself.</summary>
    public CopyModel? Copies { get; init; }
}

/// <summary>
/// Where a model has threads of its own, which take their core from anybody at the priority of the process, copies run on a second one that has none.
/// </summary>
/// <param name="Load">Blocking; the result is the caller's.</param>
/// <param name="Slowdown">Times that a run takes at most of what it takes with threads.</param>
internal sealed record CopyModel(Func<ILoadedModel> Load, int Slowdown);
