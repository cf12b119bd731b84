using GrpcServing.Models;

namespace GrpcServing.Hosting;

/// <summary>Loads the models while the ports are already open, says what is served, and drains at the end.</summary>
/// <remarks>
/// Order at SIGTERM: readiness goes false and new requests are refused; Kestrel lets the calls under way end, at most
/// <see cref="ServingOptions.DrainTimeout"/>; then the models are retired.
/// </remarks>
internal sealed partial class ServingHost(ModelRepository repository, RepositoryEvents events, DrainState drain, ServingOptions options, IHostApplicationLifetime lifetime, ListeningPorts ports, ILogger<ServingHost> logger) : IHostedService, IDisposable
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

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await repository.DisposeAsync().ConfigureAwait(false);
        LogStopped(logger);
    }

    public void Dispose() => _stopping.Dispose();

    private async Task LoadAsync()
    {
        await repository.LoadAllAsync(_stopping.Token).ConfigureAwait(false);
        var ready = repository.Table.Models.Values.Count(static model => model.Newest is not null);
        if (ready == 0) LogNothing(logger, options.ModelRepository);
        await ports.OpenAsync().ConfigureAwait(false);
        var (grpc, http) = (ports.Grpc, ports.Http);
        LogServing(logger, ready, options.ModelRepository, grpc, http);
    }

    private void BeginDraining()
    {
        drain.Begin();
        events.BeginDraining(repository.Table);
        LogStopping(logger, options.DrainTimeout);
    }

    [LoggerMessage(EventIds.Serving, LogLevel.Information, "Ready: {Models} model(s) of {Repository}. gRPC (Open Inference Protocol) on {Grpc}, REST on {Http}; try: curl {Http}/v2/health/ready")]
    private static partial void LogServing(ILogger logger, int models, string repository, string grpc, string http);

    [LoggerMessage(EventIds.NothingToServe, LogLevel.Warning, "Nothing to serve in {Repository}: expected <model>/<version>/model.onnx")]
    private static partial void LogNothing(ILogger logger, string repository);

    [LoggerMessage(EventIds.Stopping, LogLevel.Information, "Stopping: new requests are refused, those under way have {Timeout} to finish")]
    private static partial void LogStopping(ILogger logger, TimeSpan timeout);

    [LoggerMessage(EventIds.Stopped, LogLevel.Information, "Stopped: every request was answered, every model given back")]
    private static partial void LogStopped(ILogger logger);
}
