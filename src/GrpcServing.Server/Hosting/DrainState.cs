namespace GrpcServing.Hosting;

/// <summary>Whether the server is stopping. Set once, by the host; read by every request.</summary>
internal sealed class DrainState
{
    private volatile bool _draining;

    public static ServingError Refusal { get; } = new(ErrorReason.Draining, "GRPC server is shutting down and has stopped accepting new requests.");

    public bool IsDraining => _draining;

    public void Begin() => _draining = true;
}
