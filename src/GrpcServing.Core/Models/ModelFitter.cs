using GrpcServing.Batching;
using GrpcServing.Execution;

namespace GrpcServing.Models;

/// <summary>Loads a model, warms it up, measures it, and chooses executors and threads where the configuration leaves them open.</summary>
/// <remarks>
/// A light model gets one executor of one thread: it keeps up with the front end. A heavy one uses every core, by executors side by side or by
/// threads inside a run, whichever serves it better (<see cref="CoreSplit"/>). On a machine that is busy threads look worse than they are, and it
/// gets executors. Any thread.
/// </remarks>
internal sealed class ModelFitter(IModelRuntime runtime, TimeProvider time)
{
    // Below this one executor keeps up with the front end; above it, one would leave the other cores idle (measured-limits: 432 against 736 rows/s).
    private static readonly TimeSpan HeavyModel = TimeSpan.FromMilliseconds(1);

    /// <summary>Part of the memory that the weights may take for another copy to be tried.</summary>
    private const int MemoryShare = 8;

    // Where callers are few batches are small, and a lone row has little to divide.
    private const int RowsOfTrial = 4;
    private static readonly TimeSpan LongTrialRun = TimeSpan.FromMilliseconds(100);

    private readonly Lock _measuring = new();

    /// <summary>Cores to use.</summary>
    public int Cores { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether the processor's clock says what a run of one thread costs; false where the time does not move with it.</summary>
    public bool MeasuresCpu { get; init; } = true;

    /// <exception cref="ModelLoadException">The model cannot be loaded or is not fit to serve.</exception>
    public FittedModel Fit(string file, ModelSpec spec, ModelConfiguration configuration, ShapeTable shapes)
    {
        var execution = configuration.Execution;
        var serving = Open(file, spec, configuration, execution, shapes);
        try
        {
            var (latency, single) = Sweep(serving, spec, shapes);
            var isHeavy = single >= HeavyModel.TotalSeconds * time.TimestampFrequency;
            var threads = Math.Max(1, execution.IntraOpThreads);
            var split = new CoreSplit(execution.Instances > 0 ? execution.Instances : isHeavy ? Math.Max(1, Cores / threads) : 1, threads);
            var isOpen = execution is { Device: "cpu", Instances: 0, IntraOpThreads: 0, InterOpThreads: 0 };
            if (isHeavy && isOpen && Cores > 1 && serving.Model.MemoryBytes <= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / MemoryShare)
            {
                var rows = single > LongTrialRun.TotalSeconds / RowsOfTrial * time.TimestampFrequency ? 1 : Math.Min(RowsOfTrial, Math.Max(1, spec.MaxBatchSize));
                var bucket = serving.WarmUp.Buckets(shapes)[^1];
                var trial = new ThreadTrial(serving.WarmUp, bucket, rows, time);
                double Growth(int many) => many * rows <= spec.MaxBatchSize ? CoreSplit.Growth(many, latency.Estimate(bucket.Id, rows), latency.Estimate(bucket.Id, many * rows)) : 1;
                (var chosen, split) = Split(trial, Growth, many => Open(file, spec, configuration, execution with { IntraOpThreads = many }, shapes));
                if (chosen is not null)
                {
                    serving.Dispose();
                    serving = chosen;
                    (latency, single) = Sweep(serving, spec, shapes);
                }
            }
            // Responses can only leave in order when batches end in order.
            if (configuration.Batching.PreserveOrdering) split = split with { Instances = 1 };
            return new FittedModel(serving.Model, serving.Executor, latency, single, split)
            {
                Copies = split.Threads > threads ? new CopyModel(() => runtime.Load(file, spec, execution), split.Threads) : null,
            };
        }
        catch
        {
            serving.Dispose();
            throw;
        }
    }

    private (MeasuredLatencyTable Latency, long Single) Sweep(Candidate candidate, ModelSpec spec, ShapeTable shapes)
    {
        var latency = new MeasuredLatencyTable(Math.Max(1, spec.MaxBatchSize));
        // One at a time: beside another sweep, both would measure each other.
        lock (_measuring) return (latency, candidate.WarmUp.Sweep(shapes, latency));
    }

    /// <returns>The model with the threads that were chosen, null for one; those that were not are disposed.</returns>
    private (Candidate? Chosen, CoreSplit Split) Split(ThreadTrial trial, Func<int, double> growth, Func<int, Candidate> open)
    {
        Candidate? chosen = null;
        var split = CoreSplit.Choose(Cores, threads =>
        {
            var cheaper = growth(threads);
            var enough = CoreSplit.LeastShare * threads / cheaper;
            Candidate? several = null;
            try
            {
                several = open(threads);
                double speedup;
                lock (_measuring) speedup = trial.Speedup(several.WarmUp, enough);
                if (speedup >= enough) (chosen, several) = (several, chosen);
                return speedup * cheaper;
            }
            catch (Exception failure) when (failure is ExecutionException or ModelLoadException)
            {
                // It runs on fewer, which was shown.
                return 0;
            }
            finally
            {
                several?.Dispose();
            }
        });
        return (chosen, split);
    }

    private Candidate Open(string file, ModelSpec spec, ModelConfiguration configuration, ExecutionConfiguration execution, ShapeTable shapes)
    {
        var model = runtime.Load(file, spec, execution);
        Executor? executor = null;
        try
        {
            executor = model.CreateExecutor();
            var warmUp = new WarmUp(spec, executor, MeasuresCpu && execution.RunsOnOneThread, time);
            warmUp.RunConfigured(configuration.Warmup, shapes);
            return new Candidate(model, executor, warmUp);
        }
        catch
        {
            executor?.Dispose();
            model.Dispose();
            throw;
        }
    }

    /// <summary>The model in memory, and an executor that has run what the configuration says.</summary>
    private sealed record Candidate(ILoadedModel Model, Executor Executor, WarmUp WarmUp) : IDisposable
    {
        public void Dispose()
        {
            Executor.Dispose();
            Model.Dispose();
        }
    }
}
