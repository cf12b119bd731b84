using GrpcServing.Batching;

namespace GrpcServing.Simulator;

/// <summary>A request of the trace in a scheduler. Its true deadline stays here: policies without deadlines are not told.</summary>
internal sealed class SimulatedRequest : QueueEntry
{
    public required long TrueDeadline { get; init; }
}
