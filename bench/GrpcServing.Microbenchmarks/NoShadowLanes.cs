using GrpcServing.Batching;
using GrpcServing.Models;

namespace GrpcServing.Microbenchmarks;

/// <summary>No lane of copies is opened here, so there is nothing to hear of one.</summary>
internal sealed class NoShadowLanes : IShadowLaneObserver
{
    public void PriorityNotLowered(string reason) => throw new InvalidOperationException(reason);

    public void RunOverdue(ModelSpec spec, int rows, TimeSpan limit) => throw new InvalidOperationException(spec.Name);

    public void RunLost(ModelSpec spec, int rows) => throw new InvalidOperationException(spec.Name);

    public void RunRecovered(ModelSpec spec) => throw new InvalidOperationException(spec.Name);

    public void LaneFailed(ModelSpec spec, Exception failure) => throw new InvalidOperationException(spec.Name, failure);
}
