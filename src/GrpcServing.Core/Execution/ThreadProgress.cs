using System.Globalization;

namespace GrpcServing.Execution;

/// <summary>What a thread has had of the processor, and whether it wants more: tells one that hangs from one that nobody lets run.</summary>
/// <param name="CpuNanoseconds">Processor time since its run began.</param>
/// <param name="WantsProcessor">It runs or waits for a core; false while it sleeps or waits for something else.</param>
internal readonly record struct ThreadProgress(long CpuNanoseconds, bool WantsProcessor);

/// <summary>Reads how far a thread of this process is. Linux only.</summary>
internal sealed class ThreadProbe
{
    private readonly string _schedule;
    private readonly string _state;

    private ThreadProbe(string thread)
    {
        _schedule = $"/proc/self/task/{thread}/schedstat";
        _state = $"/proc/self/task/{thread}/stat";
    }

    /// <returns>Null where the system does not tell.</returns>
    public static ThreadProbe? OfThisThread()
    {
        if (!OperatingSystem.IsLinux() || new FileInfo("/proc/thread-self").LinkTarget is not { } link) return null;
        var probe = new ThreadProbe(Path.GetFileName(link));
        return probe.Read() is null ? null : probe;
    }

    /// <summary>Any thread. Two small files of the kernel, about 20 us; processor time since the thread began.</summary>
    /// <returns>Null when the thread has ended, or the kernel keeps no such books.</returns>
    public ThreadProgress? Read()
    {
        try
        {
            var schedule = File.ReadAllText(_schedule);
            var state = File.ReadAllText(_state);
            // The name of a thread may hold anything, also brackets: the state follows the last one.
            var wants = state[state.LastIndexOf(')') + 2] == 'R';
            return long.TryParse(schedule.AsSpan(0, schedule.IndexOf(' ', StringComparison.Ordinal)), NumberStyles.None, CultureInfo.InvariantCulture, out var cpu) ? new ThreadProgress(cpu, wants) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
