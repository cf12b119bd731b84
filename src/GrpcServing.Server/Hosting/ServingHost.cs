using GrpcServing.Models;
using GrpcServing.Shadowing;

namespace GrpcServing.Hosting;

/// <summary>Loads the models while the ports are already open, says what is served, and drains at the end.</summary>
/// <remarks>
/// Order at SIGTERM: readiness goes false and new requests are refused, by a server that still listens; the inferences under way end;
/// the ports close; the models are retired. What has not ended after <see cref="ServingOptions.DrainTimeout"/> is cancelled.
/// </remarks>
internal sealed partial class ServingHost(ModelRepository repository, ShadowRegistry shadows, RepositoryEvents events, DrainState drain, ServingOptions options, IHostApplicationLifetime lifetime, ListeningPorts ports, ILogger<ServingHost> logger) : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _loading = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(BeginDraining);
        // Once the ports are known; loading goes on beside it.
        _loading = Task.Run(LoadAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Comes before any service is stopped, so the front end answers while the work under way ends.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        BeginDraining();
        await drain.LastLeft.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!drain.LastLeft.IsCompleted) LogCutShort(logger, options.DrainTimeout);
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await shadows.DisposeAsync().ConfigureAwait(false);
        await repository.DisposeAsync().ConfigureAwait(false);
        LogStopped(logger);
    }

    public void Dispose() => _stopping.Dispose();

    private async Task LoadAsync()
    {
        await repository.LoadAllAsync(_stopping.Token).ConfigureAwait(false);
        await ports.OpenAsync().ConfigureAwait(false);
        if (drain.IsDraining) return;
        var ready = repository.Table.Models.Values.Count(static model => model.Newest is not null);
        if (ready == 0) LogNothing(logger, options.ModelRepository);
        var (grpc, http) = (ports.Grpc, ports.Http);
        LogServing(logger, ready, options.ModelRepository, grpc, http);
    }

    private void BeginDraining()
    {
        if (!drain.TryBegin()) return;
        events.BeginDraining(repository.Table);
        drain.Announce();
        LogStopping(logger, options.DrainTimeout);
    }

    [LoggerMessage(EventIds.Serving, LogLevel.Information, "Ready: {Models} model(s) of {Repository}. gRPC (Open Inference Protocol) on {Grpc}, REST on {Http}; try: curl {Http}/v2/health/ready")]
    private static partial void LogServing(ILogger logger, int models, string repository, string grpc, string http);

    [LoggerMessage(EventIds.NothingToServe, LogLevel.Warning, "Nothing to serve in {Repository}: expected <model>/<version>/model.onnx")]
    private static partial void LogNothing(ILogger logger, string repository);

    [LoggerMessage(EventIds.Stopping, LogLevel.Information, "Stopping: new requests are refused, those under way have {Timeout} to finish")]
    private static partial void LogStopping(ILogger logger, TimeSpan timeout);

    [LoggerMessage(EventIds.CutShort, LogLevel.Warning, "Requests were still under way after {Timeout} and are cancelled. Raise Serving:DrainTimeout to let them finish")]
    private static partial void LogCutShort(ILogger logger, TimeSpan timeout);

    [LoggerMessage(EventIds.Stopped, LogLevel.Information, "Stopped: every request was answered, every model given back")]
    private static partial void LogStopped(ILogger logger);
}
