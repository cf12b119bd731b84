namespace GrpcServing.Models;

/// <summary>Ranges and defaults that both configuration files share. Each range is inclusive.</summary>
internal static class ConfigurationLimits
{
    /// <summary>
    /// Batch limit of a model whose rows are independent and whose configuration names none. Beyond 64 rows a CPU gains nothing and a
    /// GPU little, while every buffer and the wait behind a running batch grow with it.
    /// </summary>
    public const int DefaultMaxBatchSize = 64;

    public const int MaxBatchSize = 65_536;

    public const int MaxQueueRows = 1_000_000;

    /// <summary>1 TiB.</summary>
    public const long MaxQueueBytes = 1L << 40;

    public const int MaxPriorityLevels = 1000;

    public const int MaxInstances = 1024;

    public const int MaxThreads = 1024;

    public const int MaxWarmupCount = 10_000;

    /// <summary>A longer wait for company is a mistake of units.</summary>
    public static TimeSpan MaxQueueDelay { get; } = TimeSpan.FromHours(1);

    public static TimeSpan MaxDeadline { get; } = TimeSpan.FromDays(1);

    /// <summary>Queue timeouts of Triton files are taken as they are; some say "practically never".</summary>
    public static TimeSpan MaxQueueTimeout { get; } = TimeSpan.FromDays(365);
}
