namespace GrpcServing.Microbenchmarks.Responding;

/// <summary>A result to the bytes of a response. A derived class names its size.</summary>
public abstract class RespondingBenchmark : PathBenchmark
{
    private protected abstract int Elements { get; }

    private protected override MeasuredPath Create() => new RespondPath(Elements);
}

public class Responding40B : RespondingBenchmark
{
    private protected override int Elements => 10;
}

public class Responding4KB : RespondingBenchmark
{
    private protected override int Elements => 1000;
}

public class Responding4MB : RespondingBenchmark
{
    private protected override int Elements => 1 << 20;
}
