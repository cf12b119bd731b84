using Grpc.Core;
using Grpc.Health.V1;
using GrpcServing.Hosting;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace GrpcServing.Endpoints;

/// <summary>grpc.health.v1: what is asked for by name, at once or as it changes. Any thread.</summary>
/// <remarks>When the server drains a watch reports its last status and ends, so that it does not hold the stop up.</remarks>
internal sealed class HealthService(DrainState drain) : Health.HealthBase
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = NewChange();

    public void SetStatus(string service, ServingStatus status)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (_statuses.TryGetValue(service, out var before) && before == status) return;
            _statuses[service] = status;
            changed = _changed;
            _changed = NewChange();
        }
        changed.SetResult();
    }

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        var (status, _) = Look(request.Service);
        if (status == ServingStatus.ServiceUnknown)
            throw new RpcException(new Status(StatusCode.NotFound, $"unknown service '{CallerText.Clip(request.Service)}': expected nothing (the server), a model, or model/version"));
        return Task.FromResult(new HealthCheckResponse { Status = status });
    }

    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, drain.Draining);
        ServingStatus? told = null;
        while (true)
        {
            var isLast = drain.Draining.IsCancellationRequested;
            var (status, changed) = Look(request.Service);
            if (status != told) await responseStream.WriteAsync(new HealthCheckResponse { Status = status }, context.CancellationToken).ConfigureAwait(false);
            told = status;
            if (isLast) throw new RpcException(new Status(StatusCode.Unavailable, DrainState.Refusal.Message));
            await changed.WaitAsync(ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (context.CancellationToken.IsCancellationRequested) return;
        }
    }

    /// <summary>The status at this instant, and a task that completes with the next change of any.</summary>
    private (ServingStatus Status, Task Changed) Look(string service)
    {
        lock (_lock) return (_statuses.GetValueOrDefault(service, ServingStatus.ServiceUnknown), _changed.Task);
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
