using GrpcServing.Batching;

namespace GrpcServing.Simulator.Policies;

/// <summary>BentoML's dispatcher with an exact model and the objective as its largest latency: the head is dropped while the whole queue as one batch would make it late.</summary>
internal sealed class BentoMlScheduler(Profile profile, int executors) : DeadlineOrderedScheduler(profile, executors)
{
    protected override Decision Form(long now, Batch batch)
    {
        while (Queue.Count > 0 && now + Profile.Ticks(Math.Min(RowsOf(Queue), Profile.MaxRows)) > Queue[0].Deadline) Drop(0);
        return Queue.Count == 0 ? Decision.Idle : TakeFirst(Profile.MaxRows, batch);
    }
}
