using System.Collections.Immutable;
using GrpcServing.Batching;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary>The words that labels use for the members of closed sets: one word each, never a message.</summary>
public static class ReasonLabels
{
    public static string Of(ErrorReason reason) => reason switch
    {
        ErrorReason.None => "ok",
        ErrorReason.InvalidArgument => "invalid_argument",
        ErrorReason.NotFound => "not_found",
        ErrorReason.VersionNotReady => "not_ready",
        ErrorReason.Draining => "draining",
        ErrorReason.QueueFull => "queue_full",
        ErrorReason.DeadlineUnreachable => "deadline_unreachable",
        ErrorReason.DeadlineExpired => "deadline_expired",
        ErrorReason.QueueTimeout => "queue_timeout",
        ErrorReason.Cancelled => "cancelled",
        ErrorReason.CircuitOpen => "circuit_open",
        ErrorReason.ExecutionFailed => "execution_failed",
        ErrorReason.Unsupported => "unsupported",
        ErrorReason.Internal => "internal",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Every reason has a label."),
    };

    public static string Of(BatchCloseReason reason) => reason switch
    {
        BatchCloseReason.Full => "full",
        BatchCloseReason.ExecutorFree => "executor_free",
        BatchCloseReason.Deadline => "deadline",
        BatchCloseReason.Delay => "delay",
        BatchCloseReason.PreferredSize => "preferred_size",
        BatchCloseReason.Draining => "draining",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Every reason has a label."),
    };

    /// <summary>The state of a version: unavailable is one that failed to load, unloaded one that was taken out of service.</summary>
    public static string Of(VersionEntry version) => version.State switch
    {
        VersionState.Loading => "loading",
        VersionState.Ready => "ready",
        VersionState.Unloading => "unloading",
        VersionState.Unavailable => version.Reason == VersionEntry.Unloaded ? "unloaded" : "unavailable",
        _ => throw new ArgumentOutOfRangeException(nameof(version), version.State, "Every state has a label."),
    };

    /// <summary>Every label of a state.</summary>
    public static ImmutableArray<string> States { get; } = ["loading", "ready", "unloading", "unloaded", "unavailable"];
}
