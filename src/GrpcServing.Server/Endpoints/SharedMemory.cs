using GrpcServing.Responding;

namespace GrpcServing.Endpoints;

/// <summary>The one answer to every shared-memory call.</summary>
internal static class SharedMemory
{
    public static ServingError Refusal { get; } = new(ErrorReason.Unsupported,
        "Shared memory is not supported: send tensors in raw_input_contents (bytes) or in typed contents.");

    public static Task<T> RefuseAsync<T>(StatusMapping statuses) => Task.FromException<T>(statuses.ToException(Refusal));
}
