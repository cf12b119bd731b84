using GrpcServing.LoadGenerator.Comparison;

namespace GrpcServing.Tests.LoadGenerator;

public sealed class ServerReadingTests
{
    private const string Metrics = """
        # TYPE grpcserving_requests_total counter
        # HELP grpcserving_requests_total Requests by outcome: ok, or the reason of the error.
        grpcserving_requests_total{otel_scope_name="GrpcServing",model="tiny",outcome="ok",version="1"} 53268
        grpcserving_requests_total{otel_scope_name="GrpcServing",model="tiny",outcome="cancelled",version="1"} 64
        grpcserving_requests_total{otel_scope_name="GrpcServing",model="tiny",outcome="queue_full",version="1"} 3
        grpcserving_requests_total{otel_scope_name="GrpcServing",model="mid",outcome="internal",version="1"} 4
        grpcserving_rows_total{otel_scope_name="GrpcServing",model="tiny",version="1"} 53268
        grpcserving_batches_total{otel_scope_name="GrpcServing",model="tiny",version="1"} 4000
        grpcserving_batches_split_total{otel_scope_name="GrpcServing",model="tiny",version="1"} 7
        dotnet_gc_collections_total{otel_scope_name="System.Runtime",gc_heap_generation="gen2"} 1
        dotnet_gc_collections_total{otel_scope_name="System.Runtime",gc_heap_generation="gen0"} 40
        dotnet_gc_heap_total_allocated_bytes_total{otel_scope_name="System.Runtime"} 18481192
        """;

    // The name of the program may hold spaces and parentheses.
    private const string Stat = "4711 (a (b) c) S 1 4711 4711 0 -1 4194560 9000 0 12 0 250 50 0 0 20 0 17 0 123 456 789";

    [Fact]
    public void Parse_OfTheServersFiles_SumsWhatIsCounted()
    {
        var reading = ServerReading.Parse(Metrics, Stat, "5000 4000 3000 1 0 2000 0");

        Assert.Equal(new ServerReading(CpuSeconds: 3, ResidentBytes: 4000 * 4096, AllocatedBytes: 18481192, Gen2Collections: 1, Rows: 53268, Batches: 4000, Failed: 7), reading);
    }

    [Fact]
    public void Parse_OfABaseline_TakesWhatIsMissingAsNothing()
    {
        var reading = ServerReading.Parse("dotnet_gc_heap_total_allocated_bytes_total 12\n", Stat, "5000 4000 3000 1 0 2000 0");

        Assert.Equal((12, 0, 0), (reading.AllocatedBytes, reading.Batches, reading.Failed));
    }

    [Fact]
    public void Since_AnEarlierReading_IsTheDifference()
    {
        var earlier = new ServerReading(1, 2, 3, 4, 5, 6, 7);

        Assert.Equal(new ServerReading(10, 20, 30, 40, 50, 60, 70), new ServerReading(11, 22, 33, 44, 55, 66, 77).Since(earlier));
    }
}
