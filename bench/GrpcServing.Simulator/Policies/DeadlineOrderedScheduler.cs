using GrpcServing.Batching;

namespace GrpcServing.Simulator.Policies;

/// <summary>What the published baselines share: one queue by deadline, the true profile, several equal executors.</summary>
/// <remarks>Written for clarity, not speed: these run in the simulator only.</remarks>
internal abstract class DeadlineOrderedScheduler(Profile profile, int executors) : Scheduler
{
    private readonly bool[] _busy = new bool[executors];
    private long _nextSequence;

    public override int QueuedRows => Queue.Sum(static entry => entry.Rows);

    public override int QueuedEntries => Queue.Count;

    protected Profile Profile => profile;

    protected int Executors => executors;

    protected List<QueueEntry> Queue { get; } = [];

    public override void Arrive(QueueEntry entry, long now)
    {
        entry.Sequence = _nextSequence++;
        var index = Queue.Count;
        while (index > 0 && Queue[index - 1].Deadline > entry.Deadline) index--;
        Queue.Insert(index, entry);
        Seen(entry, now);
    }

    public override bool Cancel(QueueEntry entry, long now) => Queue.Remove(entry);

    public override void Finished(Batch batch, bool succeeded, long startedAt, long now) => _busy[batch.Executor] = false;

    public override Decision Decide(long now, Batch batch)
    {
        var executor = Array.IndexOf(_busy, false);
        if (executor < 0) return Decision.Idle;
        Drop(now + profile.Ticks(1));
        if (Queue.Count == 0) return Decision.Idle;
        var decision = Form(now, batch);
        if (!decision.Run) return decision;
        batch.Rows = RowsOf(batch.Members);
        batch.PaddedRows = profile.PaddedRows(batch.Rows);
        batch.PlannedTicks = profile.Ticks(batch.Rows);
        batch.Executor = executor;
        _busy[executor] = true;
        return decision;
    }

    public override void Drain()
    {
    }

    protected virtual void Seen(QueueEntry entry, long now)
    {
    }

    /// <summary>Moves entries from <see cref="Queue"/> into the batch; the head can make its deadline alone when its rows are one.</summary>
    protected abstract Decision Form(long now, Batch batch);

    protected static int RowsOf(IEnumerable<QueueEntry> entries) => entries.Sum(static entry => entry.Rows);

    /// <summary>Refuses every waiting entry whose deadline is before this instant.</summary>
    protected void Drop(long finish)
    {
        for (var i = 0; i < Queue.Count && Queue[i].Deadline < finish;) Drop(i);
    }

    protected void Drop(int index)
    {
        Queue[index].Refusal = ErrorReason.DeadlineUnreachable;
        Refused.Add(Queue[index]);
        Queue.RemoveAt(index);
    }

    /// <summary>Takes entries from the head on while their rows stay within the limit.</summary>
    protected Decision TakeFirst(int rows, Batch batch)
    {
        var total = 0;
        while (Queue.Count > 0 && total + Queue[0].Rows <= rows)
        {
            total += Queue[0].Rows;
            batch.Members.Add(Queue[0]);
            Queue.RemoveAt(0);
        }
        return batch.Members.Count > 0 ? Decision.Start : throw new InvalidOperationException("Nothing fits the batch.");
    }

    /// <summary>Largest size with l(b) within these ticks; 0 when none is.</summary>
    protected int LargestWithin(long ticks)
    {
        var rows = 0;
        while (rows < profile.MaxRows && profile.Ticks(rows + 1) <= ticks) rows++;
        return rows;
    }
}
