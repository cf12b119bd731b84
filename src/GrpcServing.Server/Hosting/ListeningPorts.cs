using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace GrpcServing.Hosting;

/// <summary>The addresses the server really listens on, which configuration does not tell when a port is 0.</summary>
internal sealed class ListeningPorts(IServer server, IHostApplicationLifetime lifetime)
{
    /// <summary>For example http://127.0.0.1:8001; "" before the ports are open.</summary>
    public string Grpc => Address(0);

    public string Http => Address(1);

    /// <summary>"" where the admin interface has no port of its own.</summary>
    public string Admin => Address(2);

    /// <summary>Completes when both ports are open, or the server stops before that.</summary>
    public async Task OpenAsync()
    {
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var started = lifetime.ApplicationStarted.Register(() => open.TrySetResult());
        using var stopping = lifetime.ApplicationStopping.Register(() => open.TrySetResult());
        await open.Task.ConfigureAwait(false);
    }

    // Kestrel lists addresses in the order in which they were configured: gRPC first.
    private string Address(int index) => server.Features.Get<IServerAddressesFeature>()?.Addresses.ElementAtOrDefault(index) ?? "";
}
