using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using GrpcServing.Protos.Admin.V1;
using GrpcServing.Reporting;

namespace GrpcServing.Shadowing;

/// <summary>The commands that talk to a server about its shadows.</summary>
internal sealed class ShadowCommands(CommandStreams streams)
{
    private static readonly Argument<string> Model = new("MODEL") { Description = "Name of the model." };

    public static IEnumerable<Command> Create(CommandStreams streams)
    {
        var commands = new ShadowCommands(streams);
        return [commands.Start(), commands.Stop(), commands.List(), commands.Status(), commands.Watch(), commands.Capture(), commands.Export(), ReportCommand.Create(streams)];
    }

    private Command Start()
    {
        var options = new SettingOptions();
        var command = new Command("start", "Begin to copy the traffic of the version that serves to a candidate.") { Model, AdminConnection.ServerOption };
        foreach (var option in options.All) command.Options.Add(option);
        command.SetAction((parsed, cancellation) => AdminConnection.RunAsync(parsed, streams, async (server, token) =>
        {
            var settings = options.Read(parsed, out var error);
            if (error is not null)
            {
                await streams.Error.WriteLineAsync(error).ConfigureAwait(false);
                return ExitCodes.Usage;
            }
            await PrintAsync(await server.Shadows.StartShadowAsync(new StartShadowRequest { Model = parsed.GetRequiredValue(Model), Settings = settings }, cancellationToken: token).ConfigureAwait(false)).ConfigureAwait(false);
            return ExitCodes.Success;
        }, cancellation));
        return command;
    }

    private Command Stop() => Simple("stop", "End the copying. The report stays readable until the next start.", async (server, model, token) =>
        await PrintAsync((await server.Shadows.StopShadowAsync(new StopShadowRequest { Model = model }, cancellationToken: token).ConfigureAwait(false)).Status).ConfigureAwait(false));

    private Command Status() => Simple("status", "What the shadow of a model has found so far.", async (server, model, token) =>
        await PrintAsync(await server.Shadows.GetShadowAsync(new GetShadowRequest { Model = model }, cancellationToken: token).ConfigureAwait(false)).ConfigureAwait(false));

    private Command Watch() => Simple("watch", "The status, again every second until the shadow ends or you do (Ctrl+C).", async (server, model, token) =>
    {
        var view = new WatchView(streams.Output);
        using var call = server.Shadows.WatchShadow(new WatchShadowRequest { Model = model, Interval = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) }, cancellationToken: token);
        try
        {
            await foreach (var status in call.ResponseStream.ReadAllAsync(token).ConfigureAwait(false)) view.Show(status);
        }
        catch (RpcException ended) when (ended.StatusCode == StatusCode.Cancelled && token.IsCancellationRequested)
        {
            // Ctrl+C: what was shown last stays.
        }
    });

    private Command List()
    {
        var command = new Command("list", "Every shadow of the server, a line each.") { AdminConnection.ServerOption };
        command.SetAction((parsed, cancellation) => AdminConnection.RunAsync(parsed, streams, async (server, token) =>
        {
            var answer = await server.Shadows.ListShadowsAsync(new ListShadowsRequest(), cancellationToken: token).ConfigureAwait(false);
            foreach (var status in answer.Shadows) await streams.Output.WriteLineAsync(StatusText.Line(status)).ConfigureAwait(false);
            if (answer.Shadows.Count == 0) await streams.Error.WriteLineAsync("No shadow. Start one with: gserve shadow start MODEL --candidate VERSION").ConfigureAwait(false);
            return ExitCodes.Success;
        }, cancellation));
        return command;
    }

    private Command Capture()
    {
        var fraction = new Option<double>("--fraction") { Description = "Share of the traffic to keep beside the disagreements, 0 to 1; 0 ends it.", Required = true, HelpName = "NUMBER" };
        var command = Simple("capture", "Keep a share of the traffic, to be exported and replayed.", null);
        command.Options.Add(fraction);
        command.SetAction((parsed, cancellation) => AdminConnection.RunAsync(parsed, streams, async (server, token) =>
        {
            await server.Shadows.SetCaptureAsync(new SetCaptureRequest { Model = parsed.GetRequiredValue(Model), Fraction = parsed.GetRequiredValue(fraction) }, cancellationToken: token).ConfigureAwait(false);
            return ExitCodes.Success;
        }, cancellation));
        return command;
    }

    private Command Export()
    {
        var file = new Option<FileInfo>("--output", "-o") { Description = "File to write, for gserve replay.", Required = true, HelpName = "FILE" };
        var disagreements = new Option<bool>("--disagreements") { Description = "Only requests on which the two disagreed." };
        var command = Simple("export", "Write the captured requests and their answers into a file.", null);
        command.Options.Add(file);
        command.Options.Add(disagreements);
        command.SetAction((parsed, cancellation) => AdminConnection.RunAsync(parsed, streams, async (server, token) =>
        {
            using var call = server.Shadows.ReadCapture(new ReadCaptureRequest { Model = parsed.GetRequiredValue(Model), DisagreementsOnly = parsed.GetValue(disagreements) }, cancellationToken: token);
            // Looked at before the file is made: a refusal leaves no empty file behind.
            var any = await call.ResponseStream.MoveNext(token).ConfigureAwait(false);
            using var output = parsed.GetRequiredValue(file).Create();
            CaptureFile.WriteHeader(output);
            var count = 0L;
            for (; any; any = await call.ResponseStream.MoveNext(token).ConfigureAwait(false), count++) CaptureFile.Write(output, call.ResponseStream.Current);
            await streams.Error.WriteLineAsync($"{Words.Count(count)} requests, {Words.Bytes(output.Length)}").ConfigureAwait(false);
            return ExitCodes.Success;
        }, cancellation));
        return command;
    }

    private Command Simple(string name, string description, Func<AdminConnection, string, CancellationToken, Task>? run)
    {
        var command = new Command(name, description) { Model, AdminConnection.ServerOption };
        if (run is null) return command;
        command.SetAction((parsed, cancellation) => AdminConnection.RunAsync(parsed, streams, async (server, token) =>
        {
            await run(server, parsed.GetRequiredValue(Model), token).ConfigureAwait(false);
            return ExitCodes.Success;
        }, cancellation));
        return command;
    }

    private async Task PrintAsync(ShadowStatus status)
    {
        foreach (var line in StatusText.Lines(status)) await streams.Output.WriteLineAsync(line).ConfigureAwait(false);
    }
}
