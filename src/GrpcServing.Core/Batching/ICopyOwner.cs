namespace GrpcServing.Batching;

/// <summary>Whoever submitted a copy to a <see cref="ShadowLane"/>.</summary>
public interface ICopyOwner
{
    /// <summary>The copy's one answer. On a thread of the pool, or of the submitter while it submits; must return quickly and never throw.</summary>
    /// <param name="copy">With <see cref="CopyAnswer.HasOutputs"/> its <see cref="PendingRequest.Result"/> is the owner's.</param>
    void Answered(ShadowLane lane, PendingRequest copy, in CopyAnswer answer);
}
