using System.CommandLine;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Shadowing;

/// <summary>The server that a command talks to, and the one line that says what went wrong with it.</summary>
internal sealed class AdminConnection : IDisposable
{
    private readonly GrpcChannel _channel;

    private AdminConnection(string address)
    {
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { MaxReceiveMessageSize = null, MaxSendMessageSize = null });
        Shadows = new ShadowAdmin.ShadowAdminClient(_channel);
    }

    public static Option<string> ServerOption { get; } = new("--server")
    {
        Description = "Address of the server's gRPC port, or of its admin port where it has one.",
        DefaultValueFactory = static _ => "http://localhost:8001",
        HelpName = "URL",
        Recursive = true,
    };

    public ShadowAdmin.ShadowAdminClient Shadows { get; }

    public GrpcChannel Channel => _channel;

    /// <summary>Runs what a command does with its server, and turns every failure into a line and an exit code.</summary>
    public static async Task<int> RunAsync(ParseResult parsed, CommandStreams streams, Func<AdminConnection, CancellationToken, Task<int>> command, CancellationToken cancellation)
    {
        var address = parsed.GetRequiredValue(ServerOption);
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            await streams.Error.WriteLineAsync($"--server ({address}) must be an address such as http://localhost:8001.").ConfigureAwait(false);
            return ExitCodes.Usage;
        }
        try
        {
            using var connection = new AdminConnection(address);
            return await command(connection, cancellation).ConfigureAwait(false);
        }
        catch (RpcException failure)
        {
            await streams.Error.WriteLineAsync(Describe(failure, address)).ConfigureAwait(false);
            return failure.StatusCode is StatusCode.Unavailable ? ExitCodes.Unavailable : ExitCodes.Refused;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            await streams.Error.WriteLineAsync(failure.Message).ConfigureAwait(false);
            return ExitCodes.CannotWrite;
        }
    }

    public void Dispose() => _channel.Dispose();

    private static string Describe(RpcException failure, string address) => failure.StatusCode switch
    {
        StatusCode.Unavailable => $"No server answers at {address} ({failure.Status.Detail.TrimEnd('.')}). Start it, or name another with --server.",
        StatusCode.Unimplemented => $"The server at {address} has no admin interface there. Where Serving:AdminPort is set, name that port with --server.",
        _ => failure.Status.Detail,
    };
}
