using System.Net;
using Grpc.Core;
using GrpcServing.Hosting;

namespace GrpcServing.Endpoints;

/// <summary>Who may call the admin interface: whoever is on this machine, and only on the port that it was given.</summary>
internal sealed class AdminAccess(ServingOptions options, ListeningPorts ports)
{
    /// <exception cref="RpcException">PERMISSION_DENIED, with the way in.</exception>
    public void Check(ServerCallContext context)
    {
        var connection = context.GetHttpContext().Connection;
        if (options.AdminPort is not null)
        {
            var admin = new Uri(ports.Admin);
            if (connection.LocalPort != admin.Port) throw Denied($"the admin interface of this server has a port of its own: call {admin.Authority} on the server's machine");
        }
        else if (connection.RemoteIpAddress is not { } caller || !IsLoopback(caller))
        {
            throw Denied("the admin interface takes calls on the loopback interface only: call 127.0.0.1 on the server's machine or through a tunnel to it (ssh -L, kubectl port-forward)");
        }
    }

    private static bool IsLoopback(IPAddress address) => IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    private static RpcException Denied(string message) => new(new Status(StatusCode.PermissionDenied, message));
}
