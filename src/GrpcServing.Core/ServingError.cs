namespace GrpcServing;

/// <summary>Why a request was not answered with an inference. The status table maps each to one gRPC and one HTTP status.</summary>
public enum ErrorReason
{
    /// <summary>The request was answered.</summary>
    None,
    /// <summary>The request does not fit the model or the protocol; nothing was queued.</summary>
    InvalidArgument,
    /// <summary>No such model, version or label.</summary>
    NotFound,
    /// <summary>The version is known but loading, unloading, or failed to load.</summary>
    VersionNotReady,
    /// <summary>The server stops and takes nothing new.</summary>
    Draining,
    /// <summary>The lane holds as many rows, bytes or requests as it may.</summary>
    QueueFull,
    /// <summary>Refused on arrival or when a batch was formed: the deadline could not be met.</summary>
    DeadlineUnreachable,
    /// <summary>The deadline passed.</summary>
    DeadlineExpired,
    /// <summary>Waited longer than the model's queue policy allows.</summary>
    QueueTimeout,
    /// <summary>The caller went away.</summary>
    Cancelled,
    /// <summary>The model failed so often that requests are turned away until a probe succeeds.</summary>
    CircuitOpen,
    /// <summary>The run of this request failed, alone or by itself in a split batch.</summary>
    ExecutionFailed,
    /// <summary>The server does not do this, on purpose.</summary>
    Unsupported,
    /// <summary>A bug of the server.</summary>
    Internal,
}

/// <summary>A refusal or fault as a value. The message is complete for the caller: what, expected, found.</summary>
public readonly record struct ServingError(ErrorReason Reason, string Message)
{
    public static ServingError None => default;

    public bool IsNone => Reason == ErrorReason.None;

    public static ServingError Invalid(string message) => new(ErrorReason.InvalidArgument, message);
}
