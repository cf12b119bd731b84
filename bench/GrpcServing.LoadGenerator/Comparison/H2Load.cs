using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf;

namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>What h2load counted.</summary>
/// <param name="PerSecond">Responses per second of the counted time, whatever their gRPC status.</param>
/// <param name="BodyBytes">Of all responses, those before the counted time included; an error has no body.</param>
/// <param name="Broken">Requests without an HTTP 200.</param>
/// <param name="MedianMicroseconds">NaN when it was not asked for.</param>
internal sealed record H2LoadResult(double PerSecond, long Done, double BodyBytes, long Broken, double MedianMicroseconds);

/// <summary>Closed-loop load: each of so many callers sends its next request when it has its answer.</summary>
internal static partial class H2Load
{
    /// <summary>Connections that callers share; a single caller has one.</summary>
    private const int Connections = 8;

    // gRPC: one byte "not compressed", four of length, the message.
    private const int FrameHeader = 5;

    /// <summary>Bytes of a message on the wire.</summary>
    public static int Framed(IMessage message) => FrameHeader + message.CalculateSize();

    public static void WriteBody(IMessage message, string file)
    {
        var frame = new byte[Framed(message)];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - FrameHeader);
        message.WriteTo(frame.AsSpan(FrameHeader));
        File.WriteAllBytes(file, frame);
    }

    /// <summary>Sends for a time.</summary>
    /// <param name="log">A file to be written over: then the median is known. It costs the client some microseconds a request.</param>
    public static Task<H2LoadResult> RunAsync(string core, string server, string body, int concurrency, TimeSpan warmup, TimeSpan window, string? log = null)
    {
        if (log is not null) File.Delete(log);
        string[] logging = log is null ? [] : [$"--log-file={log}"];
        string[] warming = warmup == TimeSpan.Zero ? [] : ["--warm-up-time", Milliseconds(warmup)];
        return RunAsync(core, server, body, concurrency, log, ["-D", Milliseconds(window), .. warming, .. logging]);
    }

    /// <summary>Sends so many requests.</summary>
    public static Task<H2LoadResult> RunAsync(string core, string server, string body, int concurrency, long requests) =>
        RunAsync(core, server, body, concurrency, null, ["-n", requests.ToString(CultureInfo.InvariantCulture)]);

    internal static H2LoadResult Parse(string output, string? log)
    {
        var (finished, requests, codes, traffic) = (Finished().Match(output), Requests().Match(output), Codes().Match(output), Traffic().Match(output));
        if (!finished.Success || !requests.Success || !codes.Success || !traffic.Success) throw new HarnessException($"h2load wrote what is not understood:{Environment.NewLine}{output}");
        var (done, ok) = (Whole(requests, "done"), Whole(codes, "ok"));
        return new H2LoadResult(double.Parse(finished.Groups["rate"].Value, CultureInfo.InvariantCulture), done, Whole(traffic, "data"), done - ok + Whole(requests, "errored"), Median(log));
    }

    private static async Task<H2LoadResult> RunAsync(string core, string server, string body, int concurrency, string? log, string[] length)
    {
        var connections = Math.Min(Connections, concurrency);
        string[] arguments =
        [
            "-c", core, "h2load", "-t", "1", "-c", connections.ToString(CultureInfo.InvariantCulture), "-m", (concurrency / connections).ToString(CultureInfo.InvariantCulture),
            "-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers", .. length, $"{server}/inference.GRPCInferenceService/ModelInfer",
        ];
        return Parse(await Command.MustRunAsync("taskset", arguments).ConfigureAwait(false), log is null ? null : await File.ReadAllTextAsync(log).ConfigureAwait(false));
    }

    /// <summary>Lines of start time, HTTP status, microseconds.</summary>
    private static double Median(string? log)
    {
        if (log is null) return double.NaN;
        double[] times = [.. log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => double.Parse(line.Split('\t')[2], CultureInfo.InvariantCulture)).Order()];
        return times.Length == 0 ? double.NaN : times[times.Length / 2];
    }

    private static long Whole(Match match, string group) => long.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    private static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0}ms");

    [GeneratedRegex(@"^finished in \S+, (?<rate>[\d.]+) req/s", RegexOptions.Multiline)]
    private static partial Regex Finished();

    [GeneratedRegex(@"^requests: .* (?<done>\d+) done, .* (?<errored>\d+) errored", RegexOptions.Multiline)]
    private static partial Regex Requests();

    [GeneratedRegex(@"^status codes: (?<ok>\d+) 2xx", RegexOptions.Multiline)]
    private static partial Regex Codes();

    [GeneratedRegex(@"^traffic: .*\((?<data>\d+)\) data", RegexOptions.Multiline)]
    private static partial Regex Traffic();
}
