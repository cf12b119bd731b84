using System.Runtime.CompilerServices;
using GrpcServing.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace GrpcServing.Tests.Hosting;

public sealed class ConnectionMemoryTests
{
    [Fact]
    public void Rent_Little_IsAWholeBlockThatIsUsedAgain()
    {
        using var pool = new ConnectionMemory();
        var first = pool.Rent(1);
        Assert.Equal(ConnectionMemory.BlockBytes, first.Memory.Length);
        var other = pool.Rent();
        Assert.False(first.Memory.Span.Overlaps(other.Memory.Span));

        first.Dispose();
        Assert.Equal(1, pool.Spare);
        Assert.Same(first, pool.Rent());
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(ConnectionMemory.BlockBytes + 1));
    }

    [Fact]
    public void Rent_AgainAndAgain_AllocatesNothing()
    {
        using var pool = new ConnectionMemory();
        pool.Rent().Dispose();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) pool.Rent().Dispose();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Trim_AfterABurst_GivesBackByAndByAndLeavesWhatIsInUse()
    {
        var time = new FakeTimeProvider();
        using var factory = new ConnectionMemoryFactory(time);
        using var pool = (ConnectionMemory)factory.Create();
        var burst = Enumerable.Range(0, 100).Select(_ => pool.Rent()).ToArray();
        burst[0].Memory.Span.Fill(7);
        foreach (var block in burst[1..]) block.Dispose();

        time.Advance(ConnectionMemoryFactory.TrimInterval);
        Assert.Equal(99, pool.Spare);
        time.Advance(ConnectionMemoryFactory.TrimInterval);
        Assert.Equal(89, pool.Spare);
        for (var i = 0; i < 60; i++) time.Advance(ConnectionMemoryFactory.TrimInterval);
        Assert.Equal(0, pool.Spare);
        Assert.Equal(-1, burst[0].Memory.Span.IndexOfAnyExcept((byte)7));
    }

    [Fact]
    public void Trim_LoadThatComesAndGoes_KeepsWhatItNeedsInBetween()
    {
        var time = new FakeTimeProvider();
        using var factory = new ConnectionMemoryFactory(time);
        using var pool = (ConnectionMemory)factory.Create();
        for (var i = 0; i < 20; i++)
        {
            foreach (var block in Enumerable.Range(0, 100).Select(_ => pool.Rent()).ToArray()) block.Dispose();
            time.Advance(ConnectionMemoryFactory.TrimInterval);
        }
        Assert.Equal(100, pool.Spare);
    }

    [Fact]
    public void Dispose_BlocksInUse_StayValidAndAreNotKept()
    {
        var pool = new ConnectionMemory();
        var block = pool.Rent();
        pool.Rent().Dispose();
        pool.Dispose();
        block.Memory.Span[0] = 1;
        block.Dispose();
        Assert.Equal(0, pool.Spare);
        Assert.Throws<ObjectDisposedException>(() => pool.Rent());
    }

    [Fact]
    public void Trim_DisposedPool_IsForgotten()
    {
        var time = new FakeTimeProvider();
        using var factory = new ConnectionMemoryFactory(time);
        var (gone, kept) = (Forget(factory), (ConnectionMemory)factory.Create());
        kept.Rent().Dispose();
        time.Advance(2 * ConnectionMemoryFactory.TrimInterval);
        GC.Collect();
        Assert.False(gone.IsAlive);
        Assert.Equal(0, kept.Spare);
        GC.KeepAlive(factory);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Forget(ConnectionMemoryFactory factory)
    {
        var pool = factory.Create();
        pool.Dispose();
        return new WeakReference(pool);
    }
}
