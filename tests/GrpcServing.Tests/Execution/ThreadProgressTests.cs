using System.Runtime.Versioning;
using GrpcServing.Execution;

namespace GrpcServing.Tests.Execution;

[SupportedOSPlatform("linux")]
public sealed class ThreadProgressTests
{
    [Fact]
    public void Read_OfAThreadThatWaits_SaysThatItDoesNotWantTheProcessor()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux tells, others do not.");
        using var release = new ManualResetEventSlim();
        var (probe, thread) = Start(() => release.Wait(TestContext.Current.CancellationToken));

        // On its way to the wait it is busy.
        while (probe.Read()!.Value.WantsProcessor) Thread.Yield();
        release.Set();
        thread.Join();

        // The system's thread ends a little after .NET's.
        Assert.True(SpinWait.SpinUntil(() => probe.Read() is null, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Read_OfAThreadThatComputes_CountsItsTime()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux tells, others do not.");
        var isDone = false;
        var (probe, thread) = Start(() =>
        {
            while (!Volatile.Read(ref isDone)) Thread.SpinWait(100);
        });

        var first = probe.Read()!.Value;
        while (probe.Read()!.Value.CpuNanoseconds < first.CpuNanoseconds + 5_000_000) Thread.Yield();
        var last = probe.Read()!.Value;
        Volatile.Write(ref isDone, true);
        thread.Join();

        Assert.True(last.WantsProcessor);
    }

    private static (ThreadProbe Probe, Thread Thread) Start(Action work)
    {
        ThreadProbe? probe = null;
        using var isThere = new ManualResetEventSlim();
        var thread = new Thread(() =>
        {
            probe = ThreadProbe.OfThisThread();
            isThere.Set();
            work();
        });
        thread.Start();
        isThere.Wait(TestContext.Current.CancellationToken);
        return (probe!, thread);
    }
}
