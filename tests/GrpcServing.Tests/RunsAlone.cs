namespace GrpcServing.Tests;

/// <summary>Tests that count allocated bytes run alone: others beside them would empty the caches that the count relies on.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RunsAlone
{
    public const string Name = "runs alone";
}
