using System.Globalization;
using System.Text;

namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>What requests leave behind: managed bytes and collections by size of the body, the working set over a million requests.</summary>
internal sealed class MemoryExperiment(HarnessOptions options, Workshop workshop)
{
    private const int Callers = 8;
    private const int SoakCallers = 64;
    private const long SoakRequests = 100_000;
    private const int SoakSteps = 10;

    /// <summary>Bytes of a request, and of its answer; how many requests.</summary>
    private static readonly (string Name, int Bytes, long Requests)[] Bodies = [("256 B", 256, 200_000), ("150 KB", 3 * 224 * 224, 5_000), ("4 MB", 4 << 20, 500)];

    public async Task<string> RunAsync()
    {
        await workshop.MakeModelsAsync(BenchModel.Identity(sizeof(float)), BenchModel.All[0]).ConfigureAwait(false);
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"""
            # Memory

            The identity model gives back what it gets; {Callers} callers. Managed bytes are the runtime's count for the whole process,
            less what reading the count allocates.

            | body, both ways | | requests/s | server CPU us/request | managed B/request | gen 2 collections | working set before, after |
            |---|---|---|---|---|---|---|

            """));
        foreach (var (name, bytes, requests) in Bodies)
            foreach (var contender in options.Contenders.Where(IsMeasured))
                text.AppendLine(await SaidAsync(BodyAsync(contender, name, bytes, requests)).ConfigureAwait(false));
        text.AppendLine(CultureInfo.InvariantCulture, $"\nThe tiny model, {SoakCallers} callers, {SoakSteps} times {SoakRequests} requests; the working set after each:\n\n| | start | {string.Join(" | ", Enumerable.Range(1, SoakSteps))} | managed B/request | gen 2 collections |");
        text.AppendLine(string.Concat(Enumerable.Repeat("|---", SoakSteps + 4)) + "|");
        foreach (var contender in options.Contenders.Where(IsMeasured)) text.AppendLine(await SaidAsync(SoakAsync(contender)).ConfigureAwait(false));
        return text.ToString();
    }

    private static bool IsMeasured(Contender contender) => contender.Name is Contender.Ours or Contender.Naive || contender.Executable is not null;

    /// <summary>Shows a row as soon as it is there: the whole takes minutes.</summary>
    private static async Task<string> SaidAsync(Task<string> measuring)
    {
        var row = await measuring.ConfigureAwait(false);
        await Console.Error.WriteLineAsync(row).ConfigureAwait(false);
        return row;
    }

    private async Task<string> BodyAsync(Contender contender, string name, int bytes, long requests)
    {
        var model = BenchModel.Identity(bytes);
        var body = workshop.Scratch("identity.body");
        H2Load.WriteBody(model.Request(), body);
        await using var server = await workshop.StartAsync(contender, model, options).ConfigureAwait(false);
        // As many again, so that the memory for bodies has grown to what these callers need.
        await SendAsync(server, body, Callers, requests).ConfigureAwait(false);

        var first = await server.ReadAsync().ConfigureAwait(false);
        var before = await server.ReadAsync().ConfigureAwait(false);
        var reading = before.Since(first).AllocatedBytes;
        var load = await SendAsync(server, body, Callers, requests).ConfigureAwait(false);
        var after = await server.ReadAsync().ConfigureAwait(false);
        var during = after.Since(before);
        return string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {contender.Name} | {load.PerSecond:0} | {during.CpuSeconds * 1e6 / requests:0.0} | {(during.AllocatedBytes - reading) / requests:0} | {during.Gen2Collections:0} | {Megabytes(before)}, {Megabytes(after)} |");
    }

    private async Task<string> SoakAsync(Contender contender)
    {
        var model = BenchModel.All[0];
        var body = workshop.Scratch($"{model.Name}.body");
        H2Load.WriteBody(model.Request(), body);
        await using var server = await workshop.StartAsync(contender, model, options).ConfigureAwait(false);
        var start = await server.ReadAsync().ConfigureAwait(false);
        var sets = new List<string> { Megabytes(start) };
        var last = start;
        for (var step = 0; step < SoakSteps; step++)
        {
            await SendAsync(server, body, SoakCallers, SoakRequests).ConfigureAwait(false);
            last = await server.ReadAsync().ConfigureAwait(false);
            sets.Add(Megabytes(last));
        }
        var during = last.Since(start);
        return string.Create(CultureInfo.InvariantCulture, $"| {contender.Name} | {string.Join(" | ", sets)} | {during.AllocatedBytes / (SoakSteps * SoakRequests):0} | {during.Gen2Collections:0} |");
    }

    /// <exception cref="HarnessException">Not every request was answered.</exception>
    private async Task<H2LoadResult> SendAsync(MeasuredServer server, string body, int callers, long requests)
    {
        var before = await server.ReadAsync().ConfigureAwait(false);
        var load = await H2Load.RunAsync(options.LoadCore, server.Grpc, body, callers, requests).ConfigureAwait(false);
        var failed = (await server.ReadAsync().ConfigureAwait(false)).Since(before).Failed + load.Broken;
        return failed == 0 && load.Done == requests ? load : throw new HarnessException(string.Create(CultureInfo.InvariantCulture, $"{failed} of {requests} requests failed."));
    }

    private static string Megabytes(ServerReading reading) => string.Create(CultureInfo.InvariantCulture, $"{reading.ResidentBytes / 1048576.0:0} MB");
}
