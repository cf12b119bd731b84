using System.Globalization;

namespace GrpcServing.Telemetry;

/// <summary>Processor and memory of the whole machine, as Linux tells; null elsewhere.</summary>
internal sealed class CpuUsage
{
    private readonly Lock _lock = new();
    private (long Busy, long Total) _last;

    /// <summary>Share of processor time that was used since the last call, 0 to 1; since the machine started at the first.</summary>
    public double? Utilization()
    {
        if (!OperatingSystem.IsLinux()) return null;
        // user nice system idle iowait irq softirq steal
        var times = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(Number).ToArray();
        var now = (Busy: times.Sum() - times[3] - times[4], Total: times.Sum());
        lock (_lock)
        {
            var (busy, total) = (now.Busy - _last.Busy, now.Total - _last.Total);
            _last = now;
            return total <= 0 ? 0 : Math.Clamp((double)busy / total, 0, 1);
        }
    }

    public static double? MemoryTotal() => Memory("MemTotal:");

    public static double? MemoryUsed() => Memory("MemTotal:") - Memory("MemAvailable:");

    private static double? Memory(string key)
    {
        if (!OperatingSystem.IsLinux()) return null;
        var line = File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
        return line is null ? null : 1024.0 * Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
