namespace GrpcServing.Microbenchmarks.Execution;

/// <summary>One batch of the digits model through ONNX Runtime. A derived class names its rows.</summary>
public abstract class ExecutionBenchmark : PathBenchmark
{
    private protected abstract int Rows { get; }

    private protected override MeasuredPath Create() => new RunPath(Rows);
}

public class Execution1Row : ExecutionBenchmark
{
    private protected override int Rows => 1;
}

public class Execution8Rows : ExecutionBenchmark
{
    private protected override int Rows => 8;
}

public class Execution64Rows : ExecutionBenchmark
{
    private protected override int Rows => 64;
}
