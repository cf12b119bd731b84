using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Shadowing;

/// <summary>Reads what was captured, for the admin interface and so for replay.</summary>
internal interface ICaptureReader
{
    /// <summary>What is kept of a model at this instant, oldest first; the shadow may run on meanwhile. Each message is the caller's.</summary>
    IAsyncEnumerable<CapturedRequest> ReadAsync(string model, bool disagreementsOnly, CancellationToken cancellation);
}
