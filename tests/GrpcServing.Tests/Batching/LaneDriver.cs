using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

/// <summary>Drives a scheduler by hand: what is told it, and what it said, by names.</summary>
internal sealed class LaneDriver(Scheduler scheduler)
{
    private readonly List<(Batch Batch, long StartedAt)> _running = [];

    public long WakeAt { get; private set; } = long.MaxValue;

    public TestEntry Arrive(long now, string name, long deadline = long.MaxValue, int rows = 1, int level = 0, int bucket = 0, long expiry = long.MaxValue, bool delayOnExpiry = false)
    {
        var entry = new TestEntry
        {
            Name = name,
            ArrivedAt = now,
            Deadline = deadline,
            Rows = rows,
            Level = level,
            BucketId = bucket,
            QueueExpiry = expiry,
            DelayOnExpiry = delayOnExpiry,
        };
        scheduler.Arrive(entry, now);
        return entry;
    }

    /// <summary>Asks once. The members' names in order, or "" when nothing starts.</summary>
    public string Decide(long now)
    {
        var batch = new Batch();
        var decision = scheduler.Decide(now, batch);
        WakeAt = decision.WakeAt;
        if (!decision.Run) return "";
        _running.Add((batch, now));
        Last = batch;
        return string.Join(' ', batch.Members);
    }

    public Batch? Last { get; private set; }

    /// <summary>The batch that has run longest ends.</summary>
    public void Finish(long now)
    {
        var (batch, startedAt) = _running[0];
        _running.RemoveAt(0);
        scheduler.Finished(batch, succeeded: true, startedAt, now);
    }

    /// <summary>Refusals since the last call, as name:reason.</summary>
    public string TakeRefused()
    {
        var refused = string.Join(' ', scheduler.Refused.Select(static entry => $"{entry}:{entry.Refusal}"));
        scheduler.Refused.Clear();
        return refused;
    }
}
