using GrpcServing.Models;

namespace GrpcServing.Microbenchmarks.Batching;

/// <summary>One decision of a scheduler, arrivals and the end of the run included. A derived class names the policy.</summary>
public abstract class DecisionBenchmark : PathBenchmark
{
    private protected abstract BatchPolicyKind Policy { get; }

    private protected override MeasuredPath Create() => new DecisionPath(Policy);
}

public class BatchingDecisionDeadline : DecisionBenchmark
{
    private protected override BatchPolicyKind Policy => BatchPolicyKind.Deadline;
}

public class BatchingDecisionGreedy : DecisionBenchmark
{
    private protected override BatchPolicyKind Policy => BatchPolicyKind.Greedy;
}

/// <summary>Submit, batch, answer. A derived class names how many callers there are; a run is one request of each.</summary>
public abstract class AnswerBenchmark : PathBenchmark
{
    private protected abstract int Callers { get; }

    private protected override MeasuredPath Create() => new AnswerPath(Callers);
}

public class BatchingAnswer1 : AnswerBenchmark
{
    private protected override int Callers => 1;
}

public class BatchingAnswer64 : AnswerBenchmark
{
    private protected override int Callers => 64;
}
