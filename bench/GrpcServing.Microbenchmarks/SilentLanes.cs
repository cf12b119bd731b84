using GrpcServing.Batching;
using GrpcServing.Models;

namespace GrpcServing.Microbenchmarks;

/// <summary>Nobody reads of lanes of copies here. What would spoil a measurement ends it.</summary>
internal sealed class SilentLanes : IShadowLaneObserver
{
    public void PriorityNotLowered(string reason)
    {
        // Copies run at another priority then, and allocate the same.
    }

    public void RunOverdue(ModelSpec spec, int rows, TimeSpan limit)
    {
        // A machine that is busy; the copies come back.
    }

    public void RunLost(ModelSpec spec, int rows) => throw new InvalidOperationException(spec.Name);

    public void RunRecovered(ModelSpec spec) => throw new InvalidOperationException(spec.Name);

    public void LaneFailed(ModelSpec spec, Exception failure) => throw new InvalidOperationException(spec.Name, failure);
}
