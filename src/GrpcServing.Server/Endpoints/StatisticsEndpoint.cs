using GrpcServing.Batching;
using GrpcServing.Models;
using GrpcServing.Protos;
using GrpcServing.Responding;
using GrpcServing.Routing;
using GrpcServing.Telemetry;

namespace GrpcServing.Endpoints;

/// <summary>Counts and times per version since it was loaded.</summary>
internal sealed class StatisticsEndpoint(ModelRepository repository, Router router, StatusMapping statuses, TimeProvider time)
{
    /// <param name="name">"" for every model.</param>
    /// <param name="version">"" for every ready version of the model.</param>
    public ModelStatisticsResponse Statistics(string name, string version)
    {
        var response = new ModelStatisticsResponse();
        if (name.Length == 0)
        {
            foreach (var model in repository.Table.Models.Values.OrderBy(static model => model.Name, StringComparer.Ordinal)) Add(response, model);
        }
        else if (version.Length == 0)
        {
            statuses.ThrowIfError(router.TryFind(name, version, out var newest));
            if (repository.Table.Find(newest!.Spec.Name) is { } model) Add(response, model);
        }
        else
        {
            statuses.ThrowIfError(router.TryFind(name, version, out var found));
            response.ModelStats.Add(Describe(found!));
        }
        return response;
    }

    private void Add(ModelStatisticsResponse response, ModelEntry model)
    {
        foreach (var entry in model.Versions)
            if (entry.Served is { } served) response.ModelStats.Add(Describe(served));
    }

    private ModelStatistics Describe(ServedVersion served)
    {
        var snapshot = served.Statistics.Snapshot();
        var statistics = new ModelStatistics
        {
            Name = served.Spec.Name,
            Version = served.VersionText,
            LastInference = (ulong)snapshot.LastInferenceUnixMilliseconds,
            InferenceCount = (ulong)snapshot.Inferences,
            ExecutionCount = (ulong)snapshot.Executions,
            InferenceStats = new InferStatistics
            {
                Success = Duration(snapshot.Success),
                Fail = Duration(snapshot.Failure),
                Queue = Duration(snapshot.Queue),
                ComputeInput = Duration(snapshot.Gather),
                ComputeInfer = Duration(snapshot.Execute),
                ComputeOutput = Duration(snapshot.Scatter),
                CacheHit = new StatisticDuration(),
                CacheMiss = new StatisticDuration(),
            },
        };
        if (served.MemoryBytes > 0) statistics.MemoryUsage.Add(new MemoryUsage { Type = "CPU", ByteSize = (ulong)served.MemoryBytes });
        foreach (var size in snapshot.Batches)
        {
            statistics.BatchStats.Add(new InferBatchStatistics
            {
                BatchSize = (ulong)size.Rows,
                ComputeInput = Duration(size.Gather),
                ComputeInfer = Duration(size.Execute),
                ComputeOutput = Duration(size.Scatter),
            });
        }
        AddLatency(statistics, served.Latency);
        return statistics;
    }

    private void AddLatency(ModelStatistics statistics, MeasuredLatencyTable latency)
    {
        foreach (var entry in latency.Snapshot())
        {
            statistics.BatchLatency.Add(new BatchLatency
            {
                Bucket = (ulong)entry.BucketId,
                BatchSize = (ulong)entry.Rows,
                Runs = (ulong)entry.Runs,
                MeasuredNs = Nanoseconds(entry.MeasuredTicks),
                PlannedNs = Nanoseconds(entry.PlannedTicks),
                PaddedBatchSize = (ulong)entry.PaddedRows,
            });
        }
        var error = latency.Error;
        statistics.LatencyPrediction = new LatencyPrediction
        {
            Runs = (ulong)error.Runs,
            Overruns = (ulong)error.Overruns,
            PlannedNs = Nanoseconds(error.PlannedTicks),
            ActualNs = Nanoseconds(error.ActualTicks),
            AbsoluteErrorNs = Nanoseconds(error.AbsoluteErrorTicks),
        };
    }

    private StatisticDuration Duration(DurationTotal total) => new() { Count = (ulong)total.Count, Ns = Nanoseconds(total.Ticks) };

    private ulong Nanoseconds(long ticks) => (ulong)(ticks * (1e9 / time.TimestampFrequency));
}
