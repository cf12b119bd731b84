namespace GrpcServing.Microbenchmarks.Endpoints;

/// <summary>A call from its HTTP request to its HTTP response. A derived class names how many callers there are; a run is one request of each.</summary>
public abstract class EndpointsBenchmark : PathBenchmark
{
    private protected abstract int Callers { get; }

    private protected override MeasuredPath Create() => new CallPath(Callers);
}

public class Endpoints1Caller : EndpointsBenchmark
{
    private protected override int Callers => 1;
}

public class Endpoints64Callers : EndpointsBenchmark
{
    private protected override int Callers => 64;
}
