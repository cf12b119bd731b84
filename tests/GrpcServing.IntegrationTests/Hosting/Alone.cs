namespace GrpcServing.IntegrationTests.Hosting;

/// <summary>Tests that measure this process, or need the whole machine: nothing runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
