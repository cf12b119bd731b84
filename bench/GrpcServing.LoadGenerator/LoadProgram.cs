using System.Text.Json;
using Grpc.Core;

namespace GrpcServing.LoadGenerator;

/// <summary>The command line of open-loop load: a JSON object for each run on standard output, lines for people on standard error.</summary>
internal static class LoadProgram
{
    private const string Usage = """
        Open-loop load for an Open Inference Protocol server; latency counts from the intended send time.

          --url http://127.0.0.1:8001   --model NAME   --version V
          --rate N        requests per second           --duration 10   seconds   --warmup 2   seconds not counted
          --arrivals poisson | constant | gamma:CV      --seed 1
          --deadline 0.025 | 0.025:0.5,0.1:0.5          seconds, or a mix with weights; 0 = none
          --rows 1        rows of each request          --dim name=8    size of an open dimension
          --connections 4                               --burst START:LENGTH:FACTOR   seconds, times the rate

          --and ...       another scenario, which differs from the first in what follows; may be repeated
          --rounds 3      each scenario so many times, in turn; in one round all have the same arrivals
          --name TEXT     what the table calls the scenario

        Closed-loop load on published servers: compare, memory, start (each with --help).
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        IReadOnlyList<LoadOptions> scenarios;
        try
        {
            scenarios = LoadOptions.ParseScenarios(args);
        }
        catch (FormatException wrong)
        {
            await Console.Error.WriteLineAsync($"{wrong.Message}{Environment.NewLine}{Usage}").ConfigureAwait(false);
            return 2;
        }
        var targets = new List<LoadTarget>();
        try
        {
            foreach (var scenario in scenarios) targets.Add(await ConnectAsync(scenario).ConfigureAwait(false));
            var reports = new List<LoadReport>();
            for (var round = 0; round < scenarios[0].Rounds; round++)
                for (var i = 0; i < scenarios.Count; i++) reports.Add(await RunAsync(targets[i], scenarios[i] with { Seed = scenarios[i].Seed + round }).ConfigureAwait(false));
            if (reports.Count > 1) await Console.Error.WriteLineAsync(LoadTable.Write(reports, scenarios.Count)).ConfigureAwait(false);
            return 0;
        }
        catch (LoadTargetException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message).ConfigureAwait(false);
            return 1;
        }
        finally
        {
            foreach (var target in targets) target.Dispose();
        }
    }

    private static async Task<LoadTarget> ConnectAsync(LoadOptions options)
    {
        try
        {
            return await LoadTarget.ConnectAsync(options).ConfigureAwait(false);
        }
        catch (RpcException failure)
        {
            throw new LoadTargetException($"{options.Url}: {failure.Status.StatusCode}: {failure.Status.Detail}", failure);
        }
    }

    private static async Task<LoadReport> RunAsync(LoadTarget target, LoadOptions options)
    {
        var report = await new OpenLoop(target.SendAsync, options, TimeProvider.System).RunAsync(Schedule.Create(options)).ConfigureAwait(false);
        Console.WriteLine(JsonSerializer.Serialize(report, ReportJson.Default.LoadReport));
        await Console.Error.WriteLineAsync(report.ToString()).ConfigureAwait(false);
        return report;
    }

    /// <summary>A server or model that is to be loaded is not there.</summary>
    private sealed class LoadTargetException(string message, Exception inner) : Exception(message, inner);
}
