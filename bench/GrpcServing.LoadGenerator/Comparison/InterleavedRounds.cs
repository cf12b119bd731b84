using System.Globalization;
using System.Runtime.InteropServices;
using GrpcServing.Protos;

namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>Measures the contenders on a model, interleaved: in every round each has one window, one right after the other.</summary>
/// <remarks>
/// All servers of a model run at once; those that are not measured are idle. The order turns from round to round, so that none always
/// follows the same neighbour.
/// </remarks>
internal sealed class InterleavedRounds(HarnessOptions options, Workshop workshop, TimeProvider time)
{
    /// <summary>From the end of one window to the next: callers who were cut off are cleaned up.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Answers to each caller that a window is to hold.</summary>
    private const int TurnsOfAWindow = 16;

    /// <summary>Requests that are timed where a window holds fewer, and how many at least of each caller.</summary>
    private const int TimedRequests = 512;

    private const int TimedTurns = 3;

    private static readonly TimeSpan SearchTime = TimeSpan.FromSeconds(2);

    private readonly HashSet<(Stand Stand, int Concurrency)> _slow = [];
    private readonly string _run = time.GetUtcNow().ToString("yyyyMMddTHHmmss", CultureInfo.InvariantCulture);

    public async Task RunAsync(BenchModel model, Action<Sample> record)
    {
        var body = workshop.Scratch($"{model.Name}.body");
        H2Load.WriteBody(model.Request(), body);
        var stands = new List<Stand>();
        try
        {
            foreach (var contender in options.Contenders) stands.Add(await OpenAsync(contender, model).ConfigureAwait(false));
            RequireSameAnswers(stands);
            foreach (var concurrency in options.Concurrency)
            {
                for (var round = 0; round < options.Rounds; round++)
                {
                    for (var i = 0; i < stands.Count; i++)
                    {
                        var sample = await MeasureAsync(stands[(i + round) % stands.Count], model, body, concurrency, round).ConfigureAwait(false);
                        await Console.Error.WriteLineAsync(sample.ToLine()).ConfigureAwait(false);
                        record(sample);
                        await Task.Delay(Pause, time).ConfigureAwait(false);
                    }
                }
            }
        }
        finally
        {
            foreach (var stand in stands)
                if (stand.Server is { } server) await server.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<Stand> OpenAsync(Contender contender, BenchModel model)
    {
        if (contender.Kind == ContenderKind.InProcess) return new Stand(contender, null, null, 0, await FindBestAsync(model).ConfigureAwait(false));
        var server = await workshop.StartAsync(contender, model, options).ConfigureAwait(false);
        var answer = await server.InferAsync(model.Request()).ConfigureAwait(false);
        return new Stand(contender, server, answer, H2Load.Framed(answer), 0);
    }

    private async Task<Sample> MeasureAsync(Stand stand, BenchModel model, string body, int concurrency, int round)
    {
        if (stand.Server is not { } server)
        {
            var rate = await InProcessAsync(model, options.Window, stand.BatchRows).ConfigureAwait(false);
            return new Sample(_run, model.Name, concurrency, stand.Contender.Name, round, rate[stand.BatchRows], double.NaN, double.NaN, stand.BatchRows, double.NaN, double.NaN, 0);
        }
        var before = await server.ReadAsync().ConfigureAwait(false);
        var isSlow = _slow.Contains((stand, concurrency));
        var load = isSlow
            ? await H2Load.RunAsync(options.LoadCore, server.Grpc, body, concurrency, Math.Max(TimedRequests, TimedTurns * concurrency)).ConfigureAwait(false)
            : await H2Load.RunAsync(options.LoadCore, server.Grpc, body, concurrency, options.Warmup, options.Window, concurrency == 1 ? workshop.Scratch("h2load.log") : null).ConfigureAwait(false);
        if (!isSlow && concurrency > 1 && load.PerSecond * options.Window.TotalSeconds < TurnsOfAWindow * concurrency)
        {
            // Callers who are answered together are counted together: a window that holds few such bursts counts one more or one less.
            _slow.Add((stand, concurrency));
            return await MeasureAsync(stand, model, body, concurrency, round).ConfigureAwait(false);
        }
        var during = (await server.ReadAsync().ConfigureAwait(false)).Since(before);

        // Only an answer has a body, so its bytes tell how many there were; warm-up included, as in the server's counters.
        var answers = load.BodyBytes / stand.AnswerBytes;
        var wrong = during.Failed + load.Broken;
        var failed = wrong > 0 ? wrong / (answers + wrong) : 0;
        // What a window without an answer costs for each is no number.
        var each = answers > 0 ? 1 / answers : double.NaN;
        return new Sample(
            _run, model.Name, concurrency, stand.Contender.Name, round, load.PerSecond * (1 - failed), during.CpuSeconds * 1e6 * each, load.MedianMicroseconds,
            during.Batches > 0 ? during.Rows / during.Batches : double.NaN, during.AllocatedBytes * each, during.Gen2Collections, failed);
    }

    /// <returns>The batch size with the most rows per second.</returns>
    private async Task<int> FindBestAsync(BenchModel model) =>
        (await InProcessAsync(model, SearchTime).ConfigureAwait(false)).MaxBy(static size => size.Value).Key;

    private async Task<Dictionary<int, double>> InProcessAsync(BenchModel model, TimeSpan length, params int[] sizes)
    {
        string[] arguments =
        [
            "-c", options.ServerCore, workshop.Baselines, "best", workshop.ModelFile(model), length.TotalSeconds.ToString(CultureInfo.InvariantCulture),
            .. sizes.Select(static rows => rows.ToString(CultureInfo.InvariantCulture)),
        ];
        var lines = (await Command.MustRunAsync("taskset", arguments).ConfigureAwait(false)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(','));
        return lines.ToDictionary(static fields => int.Parse(fields[0], CultureInfo.InvariantCulture), static fields => double.Parse(fields[1], CultureInfo.InvariantCulture));
    }

    /// <summary>Who answers something else is not comparable.</summary>
    private static void RequireSameAnswers(List<Stand> stands)
    {
        Stand[] serving = [.. stands.Where(static stand => stand.Answer is not null)];
        foreach (var stand in serving)
        {
            var (expected, found) = (Numbers(serving[0].Answer!), Numbers(stand.Answer!));
            var largest = expected.Max(Math.Abs);
            if (found.Length != expected.Length || expected.Zip(found).Any(pair => Math.Abs(pair.First - pair.Second) > 1e-3f * largest))
                throw new HarnessException($"{stand.Contender.Name} answers something else than {serving[0].Contender.Name}.");
        }
    }

    private static float[] Numbers(ModelInferResponse answer) => MemoryMarshal.Cast<byte, float>(answer.RawOutputContents[0].Span).ToArray();

    /// <summary>A contender ready to be measured.</summary>
    /// <param name="Server">Null for the model alone.</param>
    /// <param name="AnswerBytes">Of one answer on the wire.</param>
    /// <param name="BatchRows">Of the model alone.</param>
    private sealed record Stand(Contender Contender, MeasuredServer? Server, ModelInferResponse? Answer, int AnswerBytes, int BatchRows);
}
