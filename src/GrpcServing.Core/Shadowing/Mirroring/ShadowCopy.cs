using GrpcServing.Batching;
using GrpcServing.Execution;
using GrpcServing.Routing;
using GrpcServing.Telemetry;

namespace GrpcServing.Shadowing;

/// <summary>A request on its way through the shadow: one object from the tap to the comparison.</summary>
/// <remarks>
/// Made by the caller's thread, which takes a reference on the body of the request and of the answer; from then on the shadow's own thread
/// has it, but for the answers, which the lanes write before they say so. <see cref="Release"/> gives everything up, once.
/// </remarks>
internal sealed class ShadowCopy
{
    public required DecodedRequest Request { get; init; }

    /// <summary>The primary's outputs; null when it failed.</summary>
    public required InferenceResult? Primary { get; init; }

    public required ServingError PrimaryError { get; init; }

    /// <summary>The run that answered the caller.</summary>
    public required RunMeasure PrimaryRun { get; init; }

    /// <summary>Start of that run: tells its batch from others.</summary>
    public required long PrimaryBatch { get; init; }

    public required ulong Hash { get; init; }

    /// <summary>When the primary had answered, in ticks of the clock.</summary>
    public required long OfferedAt { get; init; }

    /// <summary>Bytes that it keeps in memory.</summary>
    public required long Bytes { get; init; }

    public required LoadWindow Window { get; init; }

    public required SliceCount Slice { get; init; }

    /// <summary>Its timeline; null when it is not traced. Ended by whoever counts the pair or the drop.</summary>
    public required ShadowTrace? Trace { get; init; }

    /// <summary>The copy that the candidate runs; null until it is sent there.</summary>
    public CopyRun? Candidate { get; set; }

    /// <summary>The copy that the primary runs again; null where there is none.</summary>
    public CopyRun? Control { get; set; }

    /// <summary>Copies that have not been answered yet.</summary>
    public int Unanswered { get; set; }

    /// <summary>Gives up everything that was not handed on.</summary>
    public void Release()
    {
        Request.Release();
        Primary?.Release();
        ReleaseRuns();
    }

    /// <summary>The same where request and primary answer were handed on.</summary>
    public void ReleaseRuns()
    {
        Candidate?.TakeResult()?.Release();
        Control?.TakeResult()?.Release();
    }
}

/// <summary>One of the runs of a copy. Its answer goes to the shadow's thread, by the queue.</summary>
internal sealed class CopyRun(ShadowCopy copy, ShadowQueue queue) : ICopyOwner
{
    private InferenceResult? _result;

    /// <summary>Default until it is answered.</summary>
    public CopyAnswer Answer { get; private set; }

    /// <summary>Start of its batch, in ticks: tells its batch from others.</summary>
    public long Batch { get; private set; }

    public void Answered(ShadowLane lane, PendingRequest pending, in CopyAnswer answer)
    {
        (pending.Trace as ShadowTrace)?.Answered(lane.Version, pending);
        Answer = answer;
        Batch = pending.StartedAt;
        _result = answer.HasOutputs ? pending.Result : null;
        queue.TryPost(ShadowEvent.Answered(copy));
    }

    /// <summary>Hands the outputs to the caller, once; null when there are none.</summary>
    public InferenceResult? TakeResult()
    {
        var result = _result;
        _result = null;
        return result;
    }
}
