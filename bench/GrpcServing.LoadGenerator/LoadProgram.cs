using System.Text.Json;
using Grpc.Core;

namespace GrpcServing.LoadGenerator;

/// <summary>The command line: one JSON object on standard output, one line for people on standard error.</summary>
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
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        LoadOptions options;
        try
        {
            options = LoadOptions.Parse(args);
        }
        catch (FormatException wrong)
        {
            await Console.Error.WriteLineAsync($"{wrong.Message}{Environment.NewLine}{Usage}").ConfigureAwait(false);
            return 2;
        }
        try
        {
            using var target = await LoadTarget.ConnectAsync(options).ConfigureAwait(false);
            var schedule = Schedule.Create(options);
            var report = await new OpenLoop(target, options, TimeProvider.System).RunAsync(schedule).ConfigureAwait(false);
            Console.WriteLine(JsonSerializer.Serialize(report, ReportJson.Default.LoadReport));
            await Console.Error.WriteLineAsync(report.ToString()).ConfigureAwait(false);
            return 0;
        }
        catch (RpcException failure)
        {
            await Console.Error.WriteLineAsync($"{options.Url}: {failure.Status.StatusCode}: {failure.Status.Detail}").ConfigureAwait(false);
            return 1;
        }
    }
}
