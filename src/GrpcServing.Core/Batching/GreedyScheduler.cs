namespace GrpcServing.Batching;

/// <summary>Starts as soon as an executor is free with what fits, in order of level and arrival.</summary>
/// <remarks>The bucket of the first entry in that order goes first; its later entries are pulled forward, other buckets do not stop them.</remarks>
internal sealed class GreedyScheduler(SchedulerSettings settings, LatencyTable table) : FirstInFirstOutScheduler(settings, table)
{
    protected override Decision Form(long now, Batch batch)
    {
        var first = Waiting.Bucket(0);
        for (var i = 1; i < Waiting.Buckets; i++)
            if (Precedes(Waiting.Bucket(i)[0], first[0])) first = Waiting.Bucket(i);

        var (entries, _, full) = Fit(first[0]);
        TakeFirst(first, entries, batch);
        batch.CloseReason = Draining ? BatchCloseReason.Draining : full ? BatchCloseReason.Full : BatchCloseReason.ExecutorFree;
        return Decision.Start;
    }
}
