using GrpcServing.Execution;

namespace GrpcServing.Tests.Execution;

public class LowestPriorityTests
{
    private const int SchedIdle = 5;

    [Fact]
    public void TakeOn_OnLinux_PutsTheThreadAloneBehindAllOthers()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Policies of threads are Linux's here.");
        string? reason = "";
        var policy = -1;
        var thread = new Thread(() =>
        {
            reason = LowestPriority.TakeOn();
            policy = PolicyOfThisThread();
        });
        thread.Start();
        thread.Join();

        Assert.Equal(reason is null, policy == SchedIdle);
        Assert.NotEqual(SchedIdle, PolicyOfThisThread());
    }

    /// <summary>Field 41 of the thread's statistics; fields are counted behind the name, which may hold anything.</summary>
    private static int PolicyOfThisThread()
    {
        var text = File.ReadAllText("/proc/thread-self/stat");
        return int.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[41 - 3], System.Globalization.CultureInfo.InvariantCulture);
    }
}
