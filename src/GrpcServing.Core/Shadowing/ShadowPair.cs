using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Shadowing;

/// <summary>How one side answered a copied request.</summary>
/// <param name="Spec">Of the version that answered.</param>
/// <param name="Result">Its outputs; null when it answered with an error.</param>
/// <param name="Error">None when there are outputs.</param>
/// <param name="Run">The run that gave the outputs; default without them.</param>
public readonly record struct ShadowAnswer(ModelSpec Spec, InferenceResult? Result, ServingError Error, RunMeasure Run);

/// <summary>One request, what the primary answered its caller, and what the candidate made of its copy.</summary>
/// <remarks>
/// Holds a reference on the body of the request and on the body of each result: nothing was copied. Whoever is handed a pair owns it and
/// disposes it once; whoever wants to keep bytes beyond that copies them. A value, so that a pair costs no memory: pass it by <c>in</c>. Made and used on threads of the shadow lane only.
/// </remarks>
public readonly struct ShadowPair : IDisposable
{
    /// <summary>As the primary's caller sent it.</summary>
    public required DecodedRequest Request { get; init; }

    public required ShadowAnswer Primary { get; init; }

    public required ShadowAnswer Candidate { get; init; }

    /// <summary>The primary again, in another batch, on the share of the pairs that measures noise; null on the others.</summary>
    public ShadowAnswer? Control { get; init; }

    /// <summary>Value of the slice parameter, bounded in number and length; "" when there is one slice.</summary>
    public required string Slice { get; init; }

    /// <summary>Of the request: equal requests have equal hashes, on every replica and on replay.</summary>
    public required ulong Hash { get; init; }

    /// <summary>When the primary had answered.</summary>
    public required DateTimeOffset At { get; init; }

    public void Dispose()
    {
        Request.Release();
        Primary.Result?.Release();
        Candidate.Result?.Release();
        Control?.Result?.Release();
    }
}
