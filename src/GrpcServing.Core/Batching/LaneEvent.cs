namespace GrpcServing.Batching;

internal enum LaneEventKind : byte
{
    Arrived,
    Cancelled,
    Finished,
    Tick,
    Close,
}

/// <summary>Something that happened to a lane, on its way to the loop that owns the lane's state.</summary>
internal readonly record struct LaneEvent(LaneEventKind Kind, object? Subject)
{
    public static LaneEvent Arrived(PendingRequest request) => new(LaneEventKind.Arrived, request);

    public static LaneEvent Cancelled(PendingRequest request) => new(LaneEventKind.Cancelled, request);

    public static LaneEvent Finished(BatchRun run) => new(LaneEventKind.Finished, run);

    public static LaneEvent Tick { get; } = new(LaneEventKind.Tick, null);

    public static LaneEvent Close { get; } = new(LaneEventKind.Close, null);
}
