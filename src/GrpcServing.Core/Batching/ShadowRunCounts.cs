namespace GrpcServing.Batching;

/// <summary>Runs of a lane of copies since it opened.</summary>
/// <param name="Started">All of them.</param>
/// <param name="Preempted">Cut short for a primary, or because copies were held off; their copies wait again.</param>
/// <param name="Overdue">Terminated because they took far longer than planned.</param>
/// <param name="Lost">That were terminated and still run: each holds an executor, its thread and its memory.</param>
public readonly record struct ShadowRunCounts(long Started, long Preempted, long Overdue, int Lost);
