using System.CommandLine;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary><c>gserve slo rules</c>: a Prometheus rule file from the objectives of a model repository.</summary>
internal static class SloRulesCommand
{
    private const string Description = """
        Write Prometheus rules from the objectives in model.json ("slo"): recording rules under sloth's
        names, and multi-window burn-rate alerts. Models without objectives get the default ones.

        Exit code: 0. 64 a wrong command line, 65 a model whose configuration is wrong, 66 a repository
        that cannot be read, 73 a file that cannot be written.
        """;

    public static Command Create(CommandStreams streams)
    {
        var repository = new Option<string>("--repository") { Description = "The model repository; without it the default objectives alone.", HelpName = "DIRECTORY" };
        var output = new Option<string>("--output") { Description = "The file to write; - for standard output.", DefaultValueFactory = static _ => "-", HelpName = "FILE" };
        var days = new Option<int>("--days") { Description = "The period an objective holds over.", DefaultValueFactory = static _ => SloPeriod.Default.Days };
        days.AcceptOnlyFromAmong([.. SloPeriod.All.Select(static period => period.Days.ToString(System.Globalization.CultureInfo.InvariantCulture))]);
        var runbooks = new Option<string>("--runbooks") { Description = "URL or path under which the runbooks lie.", DefaultValueFactory = static _ => SloRules.DefaultRunbooks, HelpName = "URL" };
        var command = new Command("rules", Description) { repository, output, days, runbooks };
        command.SetAction(parsed => Run(parsed.GetValue(repository), parsed.GetValue(output)!, parsed.GetValue(days), parsed.GetValue(runbooks)!.TrimEnd('/'), streams));
        return command;
    }

    private static int Run(string? repository, string output, int days, string runbooks, CommandStreams streams)
    {
        SortedDictionary<string, SloConfiguration> models;
        try
        {
            models = repository is null ? [] : SloRules.ReadRepository(repository);
        }
        catch (ModelLoadException wrong)
        {
            streams.Error.WriteLine(wrong.Message);
            return ExitCodes.InvalidInput;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException)
        {
            streams.Error.WriteLine($"--repository {repository} cannot be read: {unreadable.Message}");
            return ExitCodes.NoInput;
        }

        var rules = SloRules.Write(models, SloPeriod.All.Single(period => period.Days == days), runbooks);
        try
        {
            if (output == "-") streams.Output.Write(rules);
            else File.WriteAllText(output, rules);
            return ExitCodes.Success;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            streams.Error.WriteLine($"--output {output} cannot be written: {fault.Message}");
            return ExitCodes.CannotWrite;
        }
    }
}
