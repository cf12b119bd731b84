using Grpc.Health.V1;
using GrpcServing.Endpoints;
using GrpcServing.Models;

namespace GrpcServing.Hosting;

/// <summary>Writes what happens to models into the log and into the health service.</summary>
/// <remarks>
/// Health names: "" and the inference service for the server as a whole, <c>model</c> for "some version is ready", <c>model/version</c>.
/// </remarks>
internal sealed partial class RepositoryEvents(HealthService health, ILogger<RepositoryEvents> logger, IHostApplicationLifetime lifetime) : IRepositoryObserver
{
    public const string InferenceService = "inference.GRPCInferenceService";

    private readonly Lock _lock = new();
    private bool _draining;

    /// <summary>The server takes nothing new: everything is NOT_SERVING from here on, whatever still happens to models.</summary>
    public void BeginDraining(ModelTable table)
    {
        lock (_lock)
        {
            _draining = true;
            SetServer(ready: false);
            SetModels(table);
        }
    }

    public void Changed(ModelTable table)
    {
        lock (_lock) SetModels(table);
    }

    public void LoadCompleted(ModelTable table)
    {
        lock (_lock) SetServer(ready: !_draining);
    }

    public void Loaded(ServedVersion version)
    {
        var spec = version.Spec;
        LogLoaded(logger, spec.Name, spec.Version, Signature(spec), version.Lane.Executors, version.ThreadsPerRun, spec.HasBatchAxis ? $"batches up to {spec.MaxBatchSize} rows" : "no batch axis");
        foreach (var remark in version.Configuration.Remarks) LogRemark(logger, spec.Name, spec.Version, remark);
        version.Lane.CircuitChanged += isOpen => CircuitChanged(spec, isOpen);
        _ = version.Lane.Completion.ContinueWith(failed => LaneFailed(spec, failed.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    public void LoadFailed(string model, long version, string reason)
    {
        if (version == 0) LogModelFailed(logger, model, reason);
        else LogVersionFailed(logger, model, version, reason);
    }

    public void Skipped(string model, string reason)
    {
        // The load that follows meets the same fault and reports it.
    }

    public void Retired(ServedVersion version) => LogRetired(logger, version.Spec.Name, version.Spec.Version);

    /// <summary>A bug: the lane cannot answer any more, so the process must be replaced.</summary>
    private void LaneFailed(ModelSpec spec, Exception failure)
    {
        LogLaneFailed(logger, failure, spec.Name, spec.Version);
        lifetime.StopApplication();
    }

    private void CircuitChanged(ModelSpec spec, bool isOpen)
    {
        if (isOpen) LogCircuitOpened(logger, spec.Name, spec.Version);
        else LogCircuitClosed(logger, spec.Name, spec.Version);
    }

    private void SetServer(bool ready)
    {
        health.SetStatus("", Status(ready));
        health.SetStatus(InferenceService, Status(ready));
    }

    private void SetModels(ModelTable table)
    {
        foreach (var model in table.Models.Values)
        {
            health.SetStatus(model.Name, Status(model.Newest is not null && !_draining));
            foreach (var version in model.Versions)
                if (version.Version > 0) health.SetStatus($"{model.Name}/{version.Version}", Status(version.State == VersionState.Ready && !_draining));
        }
    }

    private static HealthCheckResponse.Types.ServingStatus Status(bool ready) =>
        ready ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.NotServing;

    private static string Signature(ModelSpec spec) =>
        $"{Tensors(spec.Inputs, spec.HasBatchAxis)} -> {Tensors(spec.Outputs, spec.HasBatchAxis)}";

    private static string Tensors(IEnumerable<TensorSpec> tensors, bool hasBatchAxis) =>
        string.Join(", ", tensors.Select(tensor => $"{tensor.Name} {tensor.DataType.Name()} [{string.Join(',', hasBatchAxis ? tensor.Dims.Prepend(-1) : tensor.Dims)}]"));

    [LoggerMessage(EventIds.ModelLoaded, LogLevel.Information, "Serving model {Model} version {Version}: {Signature}; {Executors} executor(s) of {Threads} thread(s), {Batching}")]
    private static partial void LogLoaded(ILogger logger, string model, long version, string signature, int executors, int threads, string batching);

    [LoggerMessage(EventIds.ModelLoadFailed, LogLevel.Error, "Model {Model} could not be loaded: {Reason}")]
    private static partial void LogModelFailed(ILogger logger, string model, string reason);

    [LoggerMessage(EventIds.VersionLoadFailed, LogLevel.Error, "Model {Model} version {Version} could not be loaded: {Reason}")]
    private static partial void LogVersionFailed(ILogger logger, string model, long version, string reason);

    [LoggerMessage(EventIds.ModelRetired, LogLevel.Information, "Model {Model} version {Version} is out of service; its memory is given back")]
    private static partial void LogRetired(ILogger logger, string model, long version);

    [LoggerMessage(EventIds.ModelRemark, LogLevel.Warning, "Model {Model} version {Version}: {Remark}")]
    private static partial void LogRemark(ILogger logger, string model, long version, string remark);

    [LoggerMessage(EventIds.CircuitOpened, LogLevel.Error, "Model {Model} version {Version} failed on every recent request: requests are turned away but for a probe now and then. Look at the errors of its last requests")]
    private static partial void LogCircuitOpened(ILogger logger, string model, long version);

    [LoggerMessage(EventIds.CircuitClosed, LogLevel.Information, "Model {Model} version {Version} answers again: requests are taken")]
    private static partial void LogCircuitClosed(ILogger logger, string model, long version);

    [LoggerMessage(EventIds.LaneFailed, LogLevel.Critical, "The lane of model {Model} version {Version} failed; the server stops so that it can be restarted. Please report this with the log")]
    private static partial void LogLaneFailed(ILogger logger, Exception failure, string model, long version);
}
