using GrpcServing.Batching;

namespace GrpcServing.Simulator.Policies;

/// <summary>Nexus "earliest", Clipper with an exact model: drop heads that cannot make it alone, then the largest batch the head allows.</summary>
internal sealed class LazyEdfScheduler(Profile profile, int executors) : DeadlineOrderedScheduler(profile, executors)
{
    protected override Decision Form(long now, Batch batch)
    {
        while (Queue.Count > 0 && Queue[0].Deadline < now + Profile.Ticks(Queue[0].Rows)) Drop(0);
        return Queue.Count == 0 ? Decision.Idle : TakeFirst(LargestWithin(Queue[0].Deadline - now), batch);
    }
}
