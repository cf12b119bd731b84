namespace GrpcServing.Execution;

/// <summary>How a lane uses the cores: executors side by side, and threads inside the run of each.</summary>
internal readonly record struct CoreSplit(int Instances, int Threads)
{
    /// <summary>
    /// Least speedup for each thread. Threads inside a run answer a lone request sooner and let batches grow; executors side by side lose nothing to
    /// waiting for each other. Measured on two cores with the load beside: ResNet-18 (1.9 of 2) serves 1.3 times as much with threads, an encoder (1.55) .8.
    /// </summary>
    public const double LeastShare = 0.825;

    /// <summary>As many threads as still speed a run up by <see cref="LeastShare"/> each; as many executors as the other cores make.</summary>
    /// <param name="speedup">Times that a run is faster with so many threads than with one. Asked for divisors of the cores, ascending, as long as they pay.</param>
    public static CoreSplit Choose(int cores, Func<int, double> speedup)
    {
        var threads = 1;
        for (var more = 2; more <= cores; more++)
        {
            if (cores % more != 0) continue;
            if (speedup(more) < LeastShare * more) break;
            threads = more;
        }
        return new CoreSplit(cores / threads, threads);
    }
}
