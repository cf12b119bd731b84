namespace GrpcServing.Execution;

/// <summary>How a lane uses the cores: executors side by side, and threads inside the run of each.</summary>
internal readonly record struct CoreSplit(int Instances, int Threads)
{
    /// <summary>
    /// Least gain for each thread. Executors side by side lose little to waiting for each other, but share the callers, and so have small batches.
    /// Measured on two cores with the load beside, 8 callers: ResNet-18 (1.55 to 1.9 times as fast with two, in batches that make a row 1.17 times as
    /// cheap) serves 1.1 to 1.3 times as much with threads, an encoder (1.5 to 1.75, and its batches save nothing) .8. Where both serve the same is taken to lie in between.
    /// </summary>
    public const double LeastShare = 0.86;

    /// <summary>Most that larger batches count for: whether they come about is up to the callers.</summary>
    private const double MostGrowth = 1.25;

    /// <summary>Times that a row is cheaper in a batch that has grown with the threads, on one thread; 1 where that is unknown.</summary>
    /// <param name="alone">Ticks of the batch before; 0 = unknown.</param>
    /// <param name="grown">Ticks of one with as many times the rows as there are threads; 0 = unknown.</param>
    public static double Growth(int threads, long alone, long grown) =>
        alone > 0 && grown > 0 ? Math.Clamp(threads * (double)alone / grown, 1, MostGrowth) : 1;

    /// <summary>As many threads as still gain <see cref="LeastShare"/> each; as many executors as the other cores make.</summary>
    /// <param name="gain">Times that a run is faster with so many threads than with one, and its rows cheaper. Asked for divisors of the cores, ascending, as long as they pay.</param>
    public static CoreSplit Choose(int cores, Func<int, double> gain)
    {
        var threads = 1;
        for (var more = 2; more <= cores; more++)
        {
            if (cores % more != 0) continue;
            if (gain(more) < LeastShare * more) break;
            threads = more;
        }
        return new CoreSplit(cores / threads, threads);
    }
}
