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
        var waiting = Begin(request, deadline, trace, cancellation, out var inference);
        return End(inference, await waiting.ConfigureAwait(false));
    }

    /// <summary>The way of a request into its lane.</summary>
    /// <param name="inference">To be ended with <see cref="End"/>, once, with what was waited for.</param>
    /// <returns>Its answer, to be waited for once; there already when it came to no lane.</returns>
    public ValueTask<ServingError> Begin(UncheckedRequest request, long deadline, RequestTrace? trace, CancellationToken cancellation, out Inference inference)
    {
        inference = default;
        var model = request.ModelName;
        if (!drain.TryEnter())
        {
            var refusal = Refusals.WithId(DrainState.Refusal, request.Id);
            request.Release();
            metrics.TurnedAway(model, refusal.Reason);
            trace?.Answered(null, null, refusal);
            return new ValueTask<ServingError>(refusal);
        }
        var arrived = time.GetTimestamp();
        var span = trace?.HeadSpan();
        ServedVersion? version = null;
        DecodedRequest? decoded = null;
        var isAdmitted = false;
        try
        {
            var error = Decode(request, out version, out var shadow, out decoded);
            if (!error.IsNone)
            {
                trace?.Answered(version, null, error);
                if (version is null) metrics.TurnedAway(model, error.Reason);
                else version.Statistics.RecordFailure(error.Reason, time.GetTimestamp() - arrived, span);
                return new ValueTask<ServingError>(error);
            }
            // 3: what was decoded is admitted, waits, runs.
            inference = new Inference(arrived, new PendingRequest(decoded!) { Trace = trace, Span = span }, version!, shadow);
            var answer = version!.Lane.SubmitAsync(inference.Pending, deadline, cancellation);
            isAdmitted = true;
            return answer;
        }
        finally
        {
            if (!isAdmitted) Leave(version, decoded);
        }
    }

    /// <summary>The way of a request from its answer on.</summary>
    public InferenceAnswer End(in Inference inference, ServingError error)
    {
        var (arrived, pending, version, shadow) = inference;
        if (pending is null) return new InferenceAnswer(null, error);
        var decoded = pending.Request;
        try
        {
            pending.Trace?.Answered(version, pending, error);
            // Before the front end has the answer: from then on its memory may be gone.
            shadow?.Offer(decoded, pending, error);
            // 4
            if (error.IsNone) return new InferenceAnswer(new InferenceResponse(version.Spec, decoded, pending.Result!), ServingError.None);
            version.Statistics.RecordFailure(error.Reason, time.GetTimestamp() - arrived, pending.Span);
            return new InferenceAnswer(null, Refusals.WithId(error, decoded.Id));
        }
        finally
        {
            Leave(version, decoded);
        }
    }

    private void Leave(ServedVersion? version, DecodedRequest? decoded)
    {
        decoded?.Release();
        version?.Return();
        drain.Leave();
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
