using GrpcServing.Execution;

namespace GrpcServing.Batching;

/// <summary>Whether the processor has room for copies, by what the process used over the last tenth of a second. One owner.</summary>
/// <remarks>
/// A primary's work is more than its runs: connections, decoding, answers. Copies start only while that leaves a quarter of the cores; and
/// where a container's processor time is limited, while all of it together stays clear of the limit, for at the limit every thread stands still.
/// </remarks>
/// <param name="used">Processor time of the process.</param>
/// <param name="cores">Logical processors.</param>
/// <param name="quota">Limit in cores; null = none.</param>
internal sealed class ProcessorMeter(Func<TimeSpan> used, double cores, double? quota, long ticksPerSecond)
{
    private const double MostOfCores = 0.75;
    private const double MostOfQuota = 0.85;

    private long _lastAt = long.MinValue;
    private TimeSpan _lastUsed;
    private TimeSpan _lastCopies;

    public bool HasRoom { get; private set; } = true;

    public static ProcessorMeter ForThisProcess(long ticksPerSecond) =>
        new(static () => Environment.CpuUsage.TotalTime, Environment.ProcessorCount, CpuQuota.Cores(), ticksPerSecond);

    /// <param name="copies">Processor time that runs of copies have used so far.</param>
    public void Look(TimeSpan copies, long now)
    {
        if (_lastAt != long.MinValue && now - _lastAt < ticksPerSecond / 10) return;
        var total = used();
        if (_lastAt != long.MinValue)
        {
            var seconds = (double)(now - _lastAt) / ticksPerSecond;
            var all = (total - _lastUsed).TotalSeconds / seconds;
            var primaries = all - (copies - _lastCopies).TotalSeconds / seconds;
            HasRoom = primaries <= MostOfCores * cores && (quota is null || all <= MostOfQuota * quota);
        }
        (_lastAt, _lastUsed, _lastCopies) = (now, total, copies);
    }
}
