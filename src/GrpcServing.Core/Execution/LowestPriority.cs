using System.Runtime.InteropServices;

namespace GrpcServing.Execution;

/// <summary>Makes a thread give way to every other on the machine.</summary>
/// <remarks>
/// Linux ignores the priorities of .NET, and a nice value alone still lets a thread finish its slice. Under SCHED_IDLE it leaves its core to
/// whoever wakes there at once, and the scheduler counts a core that it runs on as free. Without privileges there is no way back, and threads that
/// the thread starts inherit it: see <see cref="QuietThread"/>.
/// </remarks>
internal static partial class LowestPriority
{
    private const int SchedIdle = 5;
    private const int PriorityOfProcess = 0;
    private const int LeastNice = 19;

    /// <summary>Lowers the calling thread for good.</summary>
    /// <returns>Null; or why the system did not do it, or did less than it could.</returns>
    public static string? TakeOn()
    {
        if (!OperatingSystem.IsLinux())
        {
            Thread.CurrentThread.Priority = ThreadPriority.Lowest;
            return null;
        }
        var none = 0;
        if (SetScheduler(0, SchedIdle, ref none) == 0) return null;
        var first = Marshal.GetLastPInvokeErrorMessage();
        // Of the calling thread alone, as Linux understands a process id of 0 here.
        if (SetPriority(PriorityOfProcess, 0, LeastNice) == 0) return $"SCHED_IDLE was refused ({first}); nice {LeastNice} instead";
        return $"SCHED_IDLE was refused ({first}), and so was nice {LeastNice} ({Marshal.GetLastPInvokeErrorMessage()})";
    }

    [LibraryImport("libc", EntryPoint = "sched_setscheduler", SetLastError = true)]
    private static partial int SetScheduler(int thread, int policy, ref int parameters);

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, int who, int value);
}
