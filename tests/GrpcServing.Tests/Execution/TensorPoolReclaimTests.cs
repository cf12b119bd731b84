using System.Runtime.CompilerServices;
using GrpcServing.Execution;

namespace GrpcServing.Tests.Execution;

public class TensorPoolReclaimTests
{
    [Fact]
    public void Rent_DroppedWithoutRelease_IsReclaimedAndCounted()
    {
        var pool = new TensorPool();

        RentAndForget(pool);
        GC.Collect();
        GC.WaitForPendingFinalizers();

        Assert.Equal(1, pool.Reclaimed);
        Assert.Equal(0, pool.Returned);
    }

    [Fact]
    public void Rent_Released_IsNeverReclaimed()
    {
        var pool = new TensorPool(maxKeptBytes: 0);

        RentAndRelease(pool);
        GC.Collect();
        GC.WaitForPendingFinalizers();

        Assert.Equal(0, pool.Reclaimed);
        Assert.Equal(1, pool.Returned);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RentAndForget(TensorPool pool) => pool.Rent(1000);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RentAndRelease(TensorPool pool) => pool.Rent(1000).Release();
}
