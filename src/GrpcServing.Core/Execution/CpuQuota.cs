using System.Globalization;

namespace GrpcServing.Execution;

/// <summary>How much processor time a container grants, as Linux control groups say it.</summary>
internal static class CpuQuota
{
    /// <summary>In cores, such as 1.5; null when there is no limit. Beyond it every thread of the process stands still, whatever its priority.</summary>
    public static double? Cores() => OperatingSystem.IsLinux()
        ? OfOne("/sys/fs/cgroup/cpu.max") ?? OfTwo("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us")
        : null;

    /// <summary>"QUOTA PERIOD", or "max PERIOD" without a limit.</summary>
    internal static double? Parse(string text)
    {
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return parts.Length == 2
            && double.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var quota)
            && double.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var period)
            && quota > 0 && period > 0 ? quota / period : null;
    }

    private static double? OfOne(string path) => Read(path) is { } text ? Parse(text) : null;

    private static double? OfTwo(string quota, string period) => Read(quota) is { } used && Read(period) is { } each ? Parse($"{used} {each}") : null;

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
