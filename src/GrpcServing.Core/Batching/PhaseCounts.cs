namespace GrpcServing.Batching;

/// <summary>How a primary lane fared while copies ran or were held off, in one stretch of time.</summary>
/// <param name="Times">Queue times of the requests that ran.</param>
/// <param name="Missed">Requests that were answered after their deadline, or turned away for it.</param>
internal readonly record struct PhaseCounts(QueueTimes Times, long Missed)
{
    public long Requests => Times.Count + Missed;
}
