using GrpcServing.Batching;

namespace GrpcServing.Simulator.Policies;

/// <summary>Symphony's window drop with its staggered target size; starts at once, or (the published form) as late as the head allows.</summary>
/// <param name="slack">Ticks from arrival to deadline.</param>
internal sealed class SymphonyScheduler(Profile profile, int executors, long slack, bool frontrun) : DeadlineOrderedScheduler(profile, executors)
{
    private const long RateWindow = 5 * Profile.TicksPerSecond;

    private readonly Queue<(long At, int Rows)> _recent = new();
    private long _recentRows;
    private long _firstSeen = -1;

    protected override void Seen(QueueEntry entry, long now)
    {
        if (_firstSeen < 0) _firstSeen = now;
        _recent.Enqueue((now, entry.Rows));
        _recentRows += entry.Rows;
    }

    protected override Decision Form(long now, Batch batch)
    {
        var suffixRows = RowsOf(Queue);
        var prefix = 0;
        while (prefix < Queue.Count && Queue[prefix].Deadline < now + Profile.Ticks(Math.Min(suffixRows, Profile.MaxRows)))
            suffixRows -= Queue[prefix++].Rows;
        if (prefix == Queue.Count)
        {
            // Even the last alone cannot make it with all its rows.
            while (Queue.Count > 0) Drop(0);
            return Decision.Idle;
        }
        var size = Math.Max(Math.Min(Target(now), suffixRows), Queue[prefix].Rows);
        var finish = now + Profile.Ticks(size);
        for (var i = 0; i < prefix; i++)
        {
            if (Queue[i].Deadline >= finish) continue;
            Drop(i--);
            prefix--;
        }
        // Free lunch: more as long as the earliest allows.
        var total = RowsOf(Queue);
        while (size < Math.Min(total, Profile.MaxRows) && Queue[0].Deadline >= now + Profile.Ticks(size + 1)) size++;
        size = Math.Max(size, Queue[0].Rows);
        if (frontrun && size < Profile.MaxRows)
        {
            var startAt = Queue[0].Deadline - Profile.Ticks(size + 1);
            if (startAt > now) return Decision.WaitUntil(startAt);
        }
        return TakeFirst(size, batch);
    }

    private int Target(long now)
    {
        while (_recent.Count > 0 && _recent.Peek().At < now - RateWindow) _recentRows -= _recent.Dequeue().Rows;
        var window = Math.Min(RateWindow, now - _firstSeen);
        if (window <= 0) return Profile.MaxRows;
        var rate = (double)_recentRows / window;
        var best = 1;
        for (var rows = 1; rows <= Profile.MaxRows; rows++)
        {
            var ticks = (double)Profile.Ticks(rows);
            var devices = rate / (rows / ticks);
            var worst = devices <= 1 ? ticks + rows / rate : ticks * (1 + 1 / devices);
            if (worst <= slack) best = rows;
        }
        return best;
    }
}
