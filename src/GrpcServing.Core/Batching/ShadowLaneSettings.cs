namespace GrpcServing.Batching;

/// <summary>Which copies a lane runs. The lane that answers callers is neither.</summary>
public enum ShadowLaneKind
{
    /// <summary>The candidate's.</summary>
    Shadow,
    /// <summary>The primary again, in another batch, in the shadow's time.</summary>
    Control,
}

/// <summary>What a lane of copies is told once, when it opens.</summary>
public sealed record ShadowLaneSettings
{
    public ShadowLaneKind Kind { get; init; }

    /// <summary>Most copies that wait or run, at least 1.</summary>
    public int MaxQueueRequests { get; init; } = 1024;

    /// <summary>Most bytes that they hold together; a lone copy enters whatever its size.</summary>
    public long MaxQueueBytes { get; init; } = 64L << 20;

    /// <summary>A copy that did not run for this long is dropped; above 0. Below 1 s some are lost whenever copies are held off to see how the primary does without.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// A run that is expected to end this soon after a primary comes goes on beside it; a longer one is ended at once. Default 0: every run is.
    /// </summary>
    public TimeSpan MaxPrimaryDelay { get; init; } = TimeSpan.Zero;

    /// <summary>Most copies that run at the same time; each has a thread and buffers of its own.</summary>
    public int Executors { get; init; } = 1;
}
