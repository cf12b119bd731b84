using GrpcServing.Batching;

namespace GrpcServing.Simulator.Policies;

/// <summary>Clockwork's INFER5 for one model: a queue per size 1, 2, 4, 8, 16; the largest size whose queue fills it; what it overtakes is gone.</summary>
internal sealed class ClockworkScheduler(Profile profile, int executors) : DeadlineOrderedScheduler(profile, executors)
{
    private static readonly int[] Sizes = [1, 2, 4, 8, 16];

    protected override Decision Form(long now, Batch batch)
    {
        while (Queue.Count > 0 && Queue[0].Deadline < now + Profile.Ticks(Queue[0].Rows)) Drop(0);
        if (Queue.Count == 0) return Decision.Idle;
        // A request of more rows than the smallest size can only lead a batch that holds it.
        var chosen = Math.Max(1, Queue[0].Rows);
        foreach (var size in Sizes)
        {
            if (size > Profile.MaxRows) break;
            var finish = now + Profile.Ticks(size);
            if (RowsOf(Queue.Where(entry => entry.Deadline >= finish)) < size) break;
            chosen = Math.Max(chosen, size);
        }
        var end = now + Profile.Ticks(chosen);
        var rows = 0;
        for (var i = 0; i < Queue.Count && rows < chosen;)
        {
            if (Queue[i].Deadline < end)
            {
                Drop(i);
                continue;
            }
            if (rows + Queue[i].Rows > chosen) break;
            rows += Queue[i].Rows;
            batch.Members.Add(Queue[i]);
            Queue.RemoveAt(i);
        }
        // Empty when the head was dropped and the next is too large for the size that was chosen with it.
        return batch.Members.Count > 0 ? Decision.Start : Form(now, batch);
    }
}
