using System.CommandLine;
using GrpcServing.Probing;
using GrpcServing.Replaying;
using GrpcServing.Shadowing;
using GrpcServing.Telemetry;

namespace GrpcServing;

/// <summary>The tool: reads a command line and runs the command that it names.</summary>
internal static class Gserve
{
    /// <returns>The process's exit code, see <see cref="ExitCodes"/>.</returns>
    public static int Run(string[] arguments, CommandStreams streams)
    {
        var parsed = Root(streams).Parse(arguments);
        if (parsed.Errors.Count == 0) return parsed.Invoke(new InvocationConfiguration { Output = streams.Output, Error = streams.Error });

        foreach (var error in parsed.Errors) streams.Error.WriteLine(error.Message);
        var command = string.Join(' ', Path(parsed.CommandResult.Command));
        streams.Error.WriteLine($"Try '{command} --help'.");
        return ExitCodes.Usage;
    }

    private static RootCommand Root(CommandStreams streams)
    {
        var shadow = new Command("shadow", "Compare a candidate with the model that serves, on the same requests.") { VerdictCommand.Create(streams) };
        foreach (var command in ShadowCommands.Create(streams)) shadow.Subcommands.Add(command);
        var slo = new Command("slo", "Objectives of models.") { SloRulesCommand.Create(streams) };
        return new RootCommand("gserve: judge candidate models of a GrpcServing server, and watch over those that serve.") { shadow, ReplayCommand.Create(streams), ReadyCommand.Create(streams), slo };
    }

    private static IEnumerable<string> Path(Command command)
    {
        var parent = command.Parents.OfType<Command>().FirstOrDefault();
        return parent is null ? ["gserve"] : Path(parent).Append(command.Name);
    }
}
