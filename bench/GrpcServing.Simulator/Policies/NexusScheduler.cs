using GrpcServing.Batching;

namespace GrpcServing.Simulator.Policies;

/// <summary>Nexus' sliding window: a target size from half the objective; heads that would be late in a batch of that size are dropped.</summary>
/// <param name="slack">Ticks from arrival to deadline: the session's objective.</param>
internal sealed class NexusScheduler(Profile profile, int executors, long slack) : DeadlineOrderedScheduler(profile, executors)
{
    protected override Decision Form(long now, Batch batch)
    {
        var target = Math.Max(1, LargestWithin(slack / 2));
        var size = Math.Min(target, RowsOf(Queue));
        var kept = new List<QueueEntry>();
        var rows = 0;
        var index = 0;
        while (index < Queue.Count && rows < size)
        {
            var head = Queue[index];
            if (kept.Count > 0 && rows + head.Rows > Math.Max(size, target)) break;
            if (head.Deadline < now + Profile.Ticks(Math.Min(Profile.MaxRows, Math.Max(size, head.Rows))))
            {
                Drop(index);
                var remaining = rows + RowsOf(Queue.Skip(index));
                if (remaining < size) size = remaining;
                continue;
            }
            kept.Add(head);
            rows += head.Rows;
            index++;
        }
        if (kept.Count == 0) return Decision.Idle;
        foreach (var entry in kept)
        {
            Queue.Remove(entry);
            batch.Members.Add(entry);
        }
        return Decision.Start;
    }
}
