using GrpcServing.Batching;
using GrpcServing.Models;

namespace GrpcServing.Hosting;

/// <summary>Writes what happens to lanes of copies into the log.</summary>
internal sealed partial class ShadowLaneEvents(ILogger<ShadowLaneEvents> logger) : IShadowLaneObserver
{
    public void PriorityNotLowered(string reason) => LogPriority(logger, reason);

    public void RunOverdue(ModelSpec spec, int rows, TimeSpan limit) => LogOverdue(logger, spec.Name, spec.Version, rows, limit);

    public void RunLost(ModelSpec spec, int rows) => LogLost(logger, spec.Name, spec.Version, rows);

    public void RunRecovered(ModelSpec spec) => LogRecovered(logger, spec.Name, spec.Version);

    public void LaneFailed(ModelSpec spec, Exception failure) => LogFailed(logger, failure, spec.Name, spec.Version);

    [LoggerMessage(EventIds.ShadowPriority, LogLevel.Warning, "Copies do not run at the lowest priority of the system: {Reason}. They still stop when a request comes; allow sched_setscheduler to keep them off its first microseconds too")]
    private static partial void LogPriority(ILogger logger, string reason);

    [LoggerMessage(EventIds.ShadowRunOverdue, LogLevel.Warning, "Shadow of model {Model} version {Version}: a run of {Rows} rows is ended after {Limit}, far beyond the time it was measured to take")]
    private static partial void LogOverdue(ILogger logger, string model, long version, int rows, TimeSpan limit);

    [LoggerMessage(EventIds.ShadowRunLost, LogLevel.Error, "Shadow of model {Model} version {Version}: a run of {Rows} rows hangs and does not react to its termination. Its thread and memory are given up; restart the server to get them back")]
    private static partial void LogLost(ILogger logger, string model, long version, int rows);

    [LoggerMessage(EventIds.ShadowRunRecovered, LogLevel.Information, "Shadow of model {Model} version {Version}: a run that had been given up has ended")]
    private static partial void LogRecovered(ILogger logger, string model, long version);

    [LoggerMessage(EventIds.ShadowLaneFailed, LogLevel.Error, "The shadow lane of model {Model} version {Version} failed and runs no more copies; requests are served all the same. Please report this with the log")]
    private static partial void LogFailed(ILogger logger, Exception failure, string model, long version);
}
