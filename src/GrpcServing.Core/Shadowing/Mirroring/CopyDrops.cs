using GrpcServing.Batching;

namespace GrpcServing.Shadowing;

/// <summary>The words for <see cref="CopyDrop"/> that operators see.</summary>
internal static class CopyDrops
{
    public static int Count { get; } = Enum.GetValues<CopyDrop>().Length;

    /// <summary>As in the admin interface and in metrics.</summary>
    public static string Label(CopyDrop reason) => reason switch
    {
        CopyDrop.None => "none",
        CopyDrop.QueueFull => "queue_full",
        CopyDrop.Bytes => "bytes",
        CopyDrop.Stale => "stale",
        CopyDrop.Busy => "busy",
        CopyDrop.Preempted => "preempted",
        CopyDrop.Breaker => "breaker",
        CopyDrop.NotComparable => "not_comparable",
        CopyDrop.Stopped => "stopped",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Every reason has a label."),
    };
}
