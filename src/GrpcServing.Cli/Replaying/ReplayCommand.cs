using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Json;
using GrpcServing.Protos;
using GrpcServing.Reporting;
using GrpcServing.Shadowing;

namespace GrpcServing.Replaying;

/// <summary><c>gserve replay</c>: captured requests against any version, with the comparison of the shadow lane.</summary>
internal static class ReplayCommand
{
    private const string Description = """
        Send captured requests to a version and compare its answers with the recorded ones.

        The file comes from 'gserve shadow export', or holds length-delimited ModelInferRequest messages
        (these are sent, and not compared). The comparison is the one of the shadow lane. With --json
        prints one object:

          requests    in the file
          errors      compared ones that were answered with an error; they count as disagreements
          reproduced  compared ones that disagree now exactly if they did when they were captured
          verdict, pairs, disagreements, eValue, logE, lower, upper, decidedAt
                      of the compared ones, as 'gserve shadow verdict' prints them. The verdict speaks
                      for the traffic only if the file is a fair sample of it: not for disagreements alone

        Exit code: 0. With --gate: 0 PASS, 1 FAIL, 2 UNDECIDED. 64 a wrong command line, 65 not a
        capture file, 66 a file that cannot be read, 69 no server, 70 the server refused.
        """;

    public static Command Create(CommandStreams streams)
    {
        var file = new Argument<FileInfo>("FILE") { Description = "Captured requests." };
        var model = new Option<string>("--model") { Description = "Model to send them to.", Required = true, HelpName = "NAME" };
        var version = new Option<long?>("--version") { Description = "Its version. Default: the one that serves.", HelpName = "VERSION" };
        var concurrency = new Option<int>("--concurrency") { Description = "Requests under way at once.", DefaultValueFactory = static _ => 16, HelpName = "COUNT" };
        var (budget, alpha) = (VerdictCommand.Budget(), VerdictCommand.Alpha());
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var gate = new Option<bool>("--gate") { Description = "Make the exit code the verdict, for CI." };
        concurrency.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 1024) result.AddError("--concurrency must be 1..1024.");
        });
        var command = new Command("replay", Description) { file, model, version, concurrency, budget, alpha, json, gate, AdminConnection.ServerOption };
        command.SetAction((parsed, cancellation) => AdminConnection.RunAsync(parsed, streams, async (server, token) =>
        {
            var test = new BetaBinomialTest(parsed.GetValue(budget), parsed.GetValue(alpha));
            var replay = new Replay(new GRPCInferenceService.GRPCInferenceServiceClient(server.Channel), parsed.GetRequiredValue(model), parsed.GetValue(version)?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "", parsed.GetValue(concurrency), test);
            var failure = await RunAsync(replay, parsed.GetRequiredValue(file), streams, token).ConfigureAwait(false);
            if (failure != ExitCodes.Success) return failure;
            if (parsed.GetValue(json)) await streams.Output.WriteLineAsync(Json(replay)).ConfigureAwait(false);
            else await PrintAsync(replay, streams.Output).ConfigureAwait(false);
            return parsed.GetValue(gate) ? VerdictCommand.Gate(test.Verdict) : ExitCodes.Success;
        }, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(Replay replay, FileInfo file, CommandStreams streams, CancellationToken cancellation)
    {
        try
        {
            using var opened = file.OpenRead();
            var bar = new ProgressBar(streams.Error, opened, TimeProvider.System);
            var isCut = false;
            await replay.RunAsync(CaptureFile.Read(opened, () => isCut = true), () => bar.Show(replay.Requests), cancellation).ConfigureAwait(false);
            bar.Clear();
            if (isCut) await streams.Error.WriteLineAsync($"{file.Name} ends inside a message: the {replay.Requests} whole ones before it were sent.").ConfigureAwait(false);
            if (replay.FirstError is { } error) await streams.Error.WriteLineAsync($"{replay.Errors} requests were answered with an error, the first: {error}").ConfigureAwait(false);
            return ExitCodes.Success;
        }
        catch (InvalidDataException fault)
        {
            await streams.Error.WriteLineAsync($"{file.Name}: {fault.Message}").ConfigureAwait(false);
            return ExitCodes.InvalidInput;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            await streams.Error.WriteLineAsync($"{file} cannot be read: {fault.Message}").ConfigureAwait(false);
            return ExitCodes.NoInput;
        }
    }

    private static async Task PrintAsync(Replay replay, TextWriter output)
    {
        var (lower, upper) = replay.Test.Interval();
        await output.WriteLineAsync($"requests       {Words.Count(replay.Requests)}, {Words.Count(replay.Compared)} compared, {Words.Count(replay.Errors)} errors").ConfigureAwait(false);
        await output.WriteLineAsync($"disagreements  {Words.Count(replay.Disagreements)} [{Words.Share(lower)}, {Words.Share(upper)}]").ConfigureAwait(false);
        await output.WriteLineAsync($"reproduced     {Words.Count(replay.Reproduced)} of {Words.Count(replay.Compared)} as when captured").ConfigureAwait(false);
        await output.WriteLineAsync($"verdict        {VerdictJson.Name(replay.Test.Verdict)}").ConfigureAwait(false);
    }

    private static string Json(Replay replay)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("requests", replay.Requests);
            json.WriteNumber("errors", replay.Errors);
            json.WriteNumber("reproduced", replay.Reproduced);
            VerdictJson.WriteTest(json, replay.Test);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
