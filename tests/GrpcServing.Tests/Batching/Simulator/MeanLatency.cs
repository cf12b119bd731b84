using GrpcServing.Batching;
using GrpcServing.Simulator;

namespace GrpcServing.Tests.Batching.Simulator;

/// <summary>Wraps the greedy scheduler to see when each member's batch ends.</summary>
internal sealed class MeanLatency(Profile profile, Scheduler inner) : Scheduler
{
    private double _seconds;
    private long _members;

    public override int QueuedRows => inner.QueuedRows;

    public override int QueuedEntries => inner.QueuedEntries;

    public static double OfEager(Profile profile, Arrival[] trace)
    {
        var settings = new SchedulerSettings { MaxBatchRows = profile.MaxRows, TicksPerSecond = Profile.TicksPerSecond };
        var watched = new MeanLatency(profile, new GreedyScheduler(settings, new ProfileTable(profile)));
        new GrpcServing.Simulator.Simulation(profile, watched, executors: 1).Run(
            trace,
            static arrival => new SimulatedRequest { ArrivedAt = arrival.At, Rows = arrival.Rows, TrueDeadline = arrival.Deadline });
        return watched._seconds / watched._members;
    }

    public override void Arrive(QueueEntry entry, long now) => inner.Arrive(entry, now);

    public override bool Cancel(QueueEntry entry, long now) => inner.Cancel(entry, now);

    public override void Finished(Batch batch, bool succeeded, long startedAt, long now) => inner.Finished(batch, succeeded, startedAt, now);

    public override Decision Decide(long now, Batch batch)
    {
        var decision = inner.Decide(now, batch);
        if (!decision.Run) return decision;
        var end = now + profile.Ticks(batch.PaddedRows);
        foreach (var member in batch.Members) _seconds += (double)(end - member.ArrivedAt) / Profile.TicksPerSecond;
        _members += batch.Members.Count;
        return decision;
    }

    public override void Drain() => inner.Drain();
}
