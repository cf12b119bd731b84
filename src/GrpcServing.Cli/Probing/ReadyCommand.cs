using System.CommandLine;
using GrpcServing.Protos;
using GrpcServing.Shadowing;

namespace GrpcServing.Probing;

/// <summary><c>gserve ready</c>: whether a server, or one of its models, takes requests. The health check of images without a shell.</summary>
internal static class ReadyCommand
{
    private const string Description = """
        Ask whether the server, or one of its models, takes requests.

        Exit code: 0 it does. 69 it does not, or no server answers. 64 a wrong command line. Waits as
        long as the server takes to answer.
        """;

    public static Command Create(CommandStreams streams)
    {
        var model = new Argument<string?>("MODEL") { Description = "Name of the model; the server as a whole without it.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("ready", Description) { model, AdminConnection.ServerOption };
        command.SetAction((parsed, cancellation) => AdminConnection.RunAsync(parsed, streams, async (server, token) =>
        {
            var client = new GRPCInferenceService.GRPCInferenceServiceClient(server.Channel);
            var name = parsed.GetValue(model);
            var isReady = name is null
                ? (await client.ServerReadyAsync(new ServerReadyRequest(), cancellationToken: token).ConfigureAwait(false)).Ready
                : (await client.ModelReadyAsync(new ModelReadyRequest { Name = name }, cancellationToken: token).ConfigureAwait(false)).Ready;
            await streams.Output.WriteLineAsync($"{name ?? "server"}: {(isReady ? "ready" : "not ready")}").ConfigureAwait(false);
            return isReady ? ExitCodes.Success : ExitCodes.Unavailable;
        }, cancellation));
        return command;
    }
}
