using System.Globalization;
using System.Text;

namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>From the start of the process to readiness, and whether the first seconds of load are as fast as later ones.</summary>
internal sealed class StartExperiment(HarnessOptions options, Workshop workshop, TimeProvider time)
{
    private const int Callers = 64;
    private static readonly TimeSpan First = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public async Task<string> RunAsync()
    {
        BenchModel[] models = [.. options.Models.Where(static model => model.Name is "tiny" or "digits")];
        await workshop.MakeModelsAsync(models).ConfigureAwait(false);
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"""
            # Start

            Each row: medians of {options.Rounds} starts; {Callers} callers. Ready = the process says that its model is served. First = the {First.TotalSeconds} s
            after that; steady = {First.TotalSeconds} s after {WarmUp.TotalSeconds} s more.

            | model | | ready after ms | first requests/s | steady requests/s | first of steady |
            |---|---|---|---|---|---|

            """));
        foreach (var model in models)
        {
            var body = workshop.Scratch($"{model.Name}.body");
            H2Load.WriteBody(model.Request(), body);
            foreach (var contender in options.Contenders.Where(static contender => contender.Name is Contender.Ours or Contender.Naive || contender.Executable is not null))
            {
                var starts = new List<(double Ready, double First, double Steady)>();
                for (var round = 0; round < options.Rounds; round++) starts.Add(await StartAsync(contender, model, body).ConfigureAwait(false));
                text.AppendLine(CultureInfo.InvariantCulture,
                    $"| {model.Name} | {contender.Name} | {Median.Of(starts.Select(static start => start.Ready)):0} | {Median.Of(starts.Select(static start => start.First)):0} | {Median.Of(starts.Select(static start => start.Steady)):0} | {Median.Of(starts.Select(static start => start.First / start.Steady)):0.00} |");
            }
        }
        return text.ToString();
    }

    private async Task<(double Ready, double First, double Steady)> StartAsync(Contender contender, BenchModel model, string body)
    {
        await using var server = await workshop.StartAsync(contender, model, options).ConfigureAwait(false);
        var first = await H2Load.RunAsync(options.LoadCore, server.Grpc, body, Callers, TimeSpan.Zero, First).ConfigureAwait(false);
        await Task.Delay(Pause, time).ConfigureAwait(false);
        var steady = await H2Load.RunAsync(options.LoadCore, server.Grpc, body, Callers, WarmUp, First).ConfigureAwait(false);
        return (server.ReadyAfter.TotalMilliseconds, first.PerSecond, steady.PerSecond);
    }
}
