using System.CommandLine;
using Google.Protobuf;
using GrpcServing.Protos.Admin.V1;
using GrpcServing.Reporting;

namespace GrpcServing.Shadowing;

/// <summary><c>gserve shadow report</c>: everything that a shadow has found, for people, for machines, and as an exit code.</summary>
internal static class ReportCommand
{
    private const string Description = """
        Everything that a shadow has found.

        --html writes one file that needs nothing else, to look at and to mail. --json writes the same
        facts: the message grpcserving.admin.v1.ShadowReport in protobuf's JSON form. Without either,
        the status is printed.

        Exit code: 0. With --gate: 0 PASS, 1 FAIL, 2 UNDECIDED. 64 a wrong command line, 69 no server,
        70 the server refused, 73 a file that cannot be written.
        """;

    public static Command Create(CommandStreams streams)
    {
        var model = new Argument<string>("MODEL") { Description = "Name of the model." };
        var html = new Option<FileInfo>("--html") { Description = "Write the report as a page.", HelpName = "FILE" };
        var json = new Option<string>("--json") { Description = "Write the report as JSON; - is standard output.", HelpName = "FILE", Arity = ArgumentArity.ZeroOrOne };
        var gate = new Option<bool>("--gate") { Description = "Make the exit code the verdict, for CI." };
        var command = new Command("report", Description) { model, html, json, gate, AdminConnection.ServerOption };
        command.SetAction((parsed, cancellation) => AdminConnection.RunAsync(parsed, streams, async (server, token) =>
        {
            var report = await server.Shadows.GetShadowReportAsync(new GetShadowReportRequest { Model = parsed.GetRequiredValue(model) }, cancellationToken: token).ConfigureAwait(false);
            var isJson = parsed.GetResult(json) is not null;
            if (parsed.GetValue(html) is { } page) await File.WriteAllTextAsync(page.FullName, ReportPage.Render(report), token).ConfigureAwait(false);
            if (isJson) await WriteJsonAsync(report, parsed.GetValue(json) ?? "-", streams, token).ConfigureAwait(false);
            if (!isJson && parsed.GetValue(html) is null)
                foreach (var line in StatusText.Lines(report.Status)) await streams.Output.WriteLineAsync(line).ConfigureAwait(false);
            return parsed.GetValue(gate) ? Gate(report.Status.Verdict) : ExitCodes.Success;
        }, cancellation));
        return command;
    }

    private static int Gate(Protos.Admin.V1.Verdict verdict) => verdict switch
    {
        Protos.Admin.V1.Verdict.Pass => ExitCodes.Success,
        Protos.Admin.V1.Verdict.Fail => ExitCodes.Fail,
        _ => ExitCodes.Undecided,
    };

    private static Task WriteJsonAsync(ShadowReport report, string file, CommandStreams streams, CancellationToken cancellation)
    {
        var json = JsonText.Indent(new JsonFormatter(JsonFormatter.Settings.Default.WithFormatDefaultValues(true)).Format(report));
        return file == "-" ? streams.Output.WriteLineAsync(json) : File.WriteAllTextAsync(file, json + "\n", cancellation);
    }
}
