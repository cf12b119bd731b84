using System.Globalization;

namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>Counters of a server process at one instant; 0 for what it does not count.</summary>
/// <param name="CpuSeconds">User and system time of all its threads.</param>
/// <param name="Failed">Requests answered with an error, those whose callers had left excepted.</param>
internal sealed record ServerReading(double CpuSeconds, long ResidentBytes, double AllocatedBytes, double Gen2Collections, double Rows, double Batches, double Failed)
{
    // Linux reports in these units to every program.
    private const double TicksPerSecond = 100;
    private const long PageBytes = 4096;

    /// <param name="metrics">Text of /metrics.</param>
    /// <param name="stat">Of /proc/PID/stat.</param>
    /// <param name="statm">Of /proc/PID/statm.</param>
    public static ServerReading Parse(string metrics, string stat, string statm)
    {
        // The second field is the name of the program, in parentheses, and may contain spaces.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return new ServerReading(
            (Number(fields[11]) + Number(fields[12])) / TicksPerSecond,
            (long)Number(statm.Split(' ')[1]) * PageBytes,
            Sum(metrics, "dotnet_gc_heap_total_allocated_bytes_total", static _ => true),
            Sum(metrics, "dotnet_gc_collections_total", static labels => labels.Contains("gen2", StringComparison.Ordinal)),
            Sum(metrics, "grpcserving_rows_total", static _ => true),
            Sum(metrics, "grpcserving_batches_total", static _ => true),
            Sum(metrics, "grpcserving_requests_total", static labels => !labels.Contains("outcome=\"ok\"", StringComparison.Ordinal) && !labels.Contains("outcome=\"cancelled\"", StringComparison.Ordinal)));
    }

    /// <summary>What happened since an earlier reading.</summary>
    public ServerReading Since(ServerReading earlier) => new(
        CpuSeconds - earlier.CpuSeconds, ResidentBytes - earlier.ResidentBytes, AllocatedBytes - earlier.AllocatedBytes, Gen2Collections - earlier.Gen2Collections,
        Rows - earlier.Rows, Batches - earlier.Batches, Failed - earlier.Failed);

    private static double Sum(string metrics, string name, Func<string, bool> counts)
    {
        var sum = 0.0;
        foreach (var line in metrics.Split('\n'))
        {
            if (!line.StartsWith(name, StringComparison.Ordinal) || line.Length == name.Length || line[name.Length] is not ('{' or ' ')) continue;
            var value = line.LastIndexOf(' ');
            if (counts(line[name.Length..value])) sum += Number(line[(value + 1)..]);
        }
        return sum;
    }

    private static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}
