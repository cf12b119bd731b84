using BenchmarkDotNet.Attributes;

namespace GrpcServing.Microbenchmarks;

/// <summary>Set-up of every benchmark; a derived class names the path and the one thing that differs.</summary>
/// <remarks>The collector is the server's, workstation and concurrent: what allocates is seen, and nothing is hidden in per-core heaps.</remarks>
[MemoryDiagnoser]
public abstract class PathBenchmark
{
    private MeasuredPath _path = null!;

    [GlobalSetup]
    public void SetUp() => _path = Create();

    [GlobalCleanup]
    public void CleanUp() => _path.Dispose();

    [Benchmark]
    public void Run() => _path.Run();

    private protected abstract MeasuredPath Create();
}
