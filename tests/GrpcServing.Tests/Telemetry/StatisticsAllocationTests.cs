using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;
using GrpcServing.Telemetry;

namespace GrpcServing.Tests.Telemetry;

/// <summary>Counting an answered batch costs no memory.</summary>
[Collection(RunsAlone.Name)]
public sealed class StatisticsAllocationTests
{
    private const int Members = 32;

    [Fact]
    public void Record_OfABatch_AllocatesNothing()
    {
        using var pool = new TensorPool();
        var statistics = new VersionStatistics(TimeProvider.System);
        var batch = new Batch { Rows = Members, PaddedRows = Members };
        for (var i = 0; i < Members; i++) batch.Members.Add(Claimed(pool));
        Record(statistics, batch);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) Record(statistics, batch);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1001 * Members, statistics.Snapshot().Success.Count);
    }

    private static void Record(VersionStatistics statistics, Batch batch)
    {
        statistics.RecordStart(batch, 1_000);
        statistics.RecordExecution(batch.Members, 0, Members, Members, Members, new StageTimes(1_000, 2_000, 50_000, 51_000));
        statistics.RecordPlan(48_000, 50_000);
    }

    private static PendingRequest Claimed(TensorPool pool)
    {
        var spec = new ModelSpec { Name = "m", Version = 1, MaxBatchSize = Members, Inputs = [new TensorSpec { Name = "x", DataType = TensorDataType.Fp32, Dims = [1], GraphDims = [1] }], Outputs = [] };
        var pending = new PendingRequest(new DecodedRequest { Id = "", Body = pool.Rent(4), Inputs = [new InputSlice(0, 4)], Bucket = new ShapeTable(spec).Only!, Rows = 1 }) { Deadline = 1_000_000 };
        pending.Prepare(new InferenceResult(pool.Rent(4), [new OutputSlice(0, 0, 4, [1])]));
        Assert.True(pending.TryClaim());
        return pending;
    }
}
