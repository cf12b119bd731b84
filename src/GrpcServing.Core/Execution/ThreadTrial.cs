namespace GrpcServing.Execution;

/// <summary>How much faster a model runs with several threads than with one: both by turns, so that what else the machine does meets both.</summary>
/// <param name="one">Over an executor whose runs take one thread.</param>
/// <param name="rows">Of the batch that is run.</param>
internal sealed class ThreadTrial(WarmUp one, ShapeBucket bucket, int rows, TimeProvider time)
{
    private const int Pairs = 8;
    private const int FewestPairs = 3;

    /// <summary>What else runs takes a core from several threads sooner than from one, hardly ever the other way: the best of these counts.</summary>
    private const int Trials = 3;

    /// <summary>For a trial; a slow model is run <see cref="FewestPairs"/> times all the same.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(0.5);

    /// <param name="several">Over an executor of the same model with more threads.</param>
    /// <param name="enough">A trial that shows as much is the last.</param>
    /// <exception cref="ExecutionException">A run failed.</exception>
    public double Speedup(WarmUp several, double enough)
    {
        // The first run makes the memory for its size.
        one.Time(bucket, rows);
        several.Time(bucket, rows);
        var best = 0.0;
        for (var trial = 0; trial < Trials && best < enough; trial++) best = Math.Max(best, Try(several));
        return best;
    }

    private double Try(WarmUp several)
    {
        var (alone, together) = (new List<long>(Pairs), new List<long>(Pairs));
        var end = time.GetTimestamp() + (long)(Budget.TotalSeconds * time.TimestampFrequency);
        while (alone.Count < Pairs && (alone.Count < FewestPairs || time.GetTimestamp() < end))
        {
            alone.Add(one.Time(bucket, rows));
            together.Add(several.Time(bucket, rows));
        }
        return Median(alone) / Math.Max(1, Median(together));
    }

    private static double Median(List<long> ticks)
    {
        ticks.Sort();
        return (ticks[(ticks.Count - 1) / 2] + ticks[ticks.Count / 2]) / 2.0;
    }
}
