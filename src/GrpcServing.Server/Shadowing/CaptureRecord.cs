namespace GrpcServing.Shadowing;

/// <summary>One captured request on its way to the store, and the counts as they are with it.</summary>
/// <param name="Replaces">Id of the disagreement it takes the place of; 0 for none.</param>
/// <param name="IsSample">Part of the captured traffic: the first to go when bytes are short.</param>
internal sealed record CaptureRecord(
    long Id,
    long Replaces,
    DateTimeOffset At,
    string Slice,
    bool IsDisagreement,
    bool IsSample,
    byte[] Request,
    byte[]? Primary,
    byte[]? Candidate,
    long Offered,
    long PassedOver,
    long Dropped)
{
    public long Bytes => Request.Length + (Primary?.Length ?? 0) + (Candidate?.Length ?? 0);
}
