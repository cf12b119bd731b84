using GrpcServing.Batching;
using GrpcServing.Decoding;
using GrpcServing.Hosting;
using GrpcServing.Models;
using GrpcServing.Responding;
using GrpcServing.Routing;
using GrpcServing.Shadowing;
using GrpcServing.Telemetry;

namespace GrpcServing.Endpoints;

/// <summary>The path of a request, the same for every front end.</summary>
/// <remarks>
/// <code>
/// UncheckedRequest --route--> ServedVersion --decode--> DecodedRequest --admit, batch, execute, scatter--> InferenceResponse
///                      1                        2                            3                                  4
///                                                                               \--mirror--> shadow
/// </code>
/// Every request that comes in is answered exactly once: with a response, which the front end writes and releases, or with an error.
/// Any thread.
/// </remarks>
internal sealed class InferencePipeline(Router router, DrainState drain, ServingMetrics metrics, TimeProvider time)
{
    /// <param name="request">Owned by this call from here on.</param>
    /// <param name="deadline">The caller's, in ticks of the clock; <see cref="long.MaxValue"/> for none.</param>
    /// <param name="trace">The front end's, which ends it; null when nothing is traced.</param>
    public async ValueTask<InferenceAnswer> RunAsync(UncheckedRequest request, long deadline, RequestTrace? trace, CancellationToken cancellation)
    {
        if (!drain.TryEnter())
        {
            metrics.TurnedAway(request.ModelName, ErrorReason.Draining);
            var refusal = Refusals.WithId(DrainState.Refusal, request.Id);
            request.Release();
            trace?.Answered(null, null, refusal);
            return new InferenceAnswer(null, refusal);
        }
        var arrived = time.GetTimestamp();
        var span = trace?.HeadSpan();
        var model = request.ModelName;
        DecodedRequest? decoded = null;
        ServedVersion? version = null;
        PendingRequest? pending = null;
        try
        {
            var error = Decode(request, out version, out var shadow, out decoded);
            if (error.IsNone)
            {
                // 3: what was decoded is admitted, waits, runs.
                pending = new PendingRequest(decoded!) { Trace = trace, Span = span };
                error = await version!.Lane.SubmitAsync(pending, deadline, cancellation).ConfigureAwait(false);
                trace?.Answered(version, pending, error);
                // Before the front end has the answer: from then on its memory may be gone.
                shadow?.Offer(decoded!, pending, error);
                // 4
                if (error.IsNone) return new InferenceAnswer(new InferenceResponse(version.Spec, decoded!, pending.Result!), ServingError.None);
                error = Refusals.WithId(error, decoded!.Id);
            }
            if (pending is null) trace?.Answered(version, null, error);
            if (version is null) metrics.TurnedAway(model, error.Reason);
            else version.Statistics.RecordFailure(error.Reason, time.GetTimestamp() - arrived, span);
            return new InferenceAnswer(null, error);
        }
        finally
        {
            decoded?.Release();
            version?.Return();
            drain.Leave();
        }
    }

    /// <summary>Finds the version and compares the request with it. Uses the request up.</summary>
    /// <param name="version">Leased; null when it was not found.</param>
    /// <param name="shadow">Of the version at this instant; null when it has none.</param>
    private ServingError Decode(UncheckedRequest request, out ServedVersion? version, out ShadowTap? shadow, out DecodedRequest? decoded)
    {
        version = null;
        shadow = null;
        decoded = null;
        try
        {
            if (!request.Error.IsNone) return Refusals.WithId(request.Error, request.Id);

            // 1: the lease keeps the version in memory until the answer is there.
            var error = router.TryLease(request.ModelName, request.ModelVersion, out version);
            if (!error.IsNone) return Refusals.WithId(error, request.Id);

            // 2
            shadow = version!.Shadow;
            return RequestDecoder.TryDecode(request, version.Spec, version.Shapes, keepParameters: shadow is not null, out decoded, out error) ? ServingError.None : error;
        }
        finally
        {
            request.Release();
        }
    }
}
