using GrpcServing.Batching;

namespace GrpcServing.Tests.Batching;

internal sealed class TestEntry : QueueEntry
{
    public string Name { get; init; } = "";

    public override string ToString() => Name;
}
