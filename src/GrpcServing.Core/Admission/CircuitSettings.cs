namespace GrpcServing.Admission;

/// <summary>When a circuit opens, and for how long.</summary>
internal sealed record CircuitSettings
{
    /// <summary>Of the lane that answers callers: a handful of bad requests in a row is a client's fault; this many without one success is the model's.</summary>
    public static CircuitSettings Requests { get; } = new()
    {
        FailuresToOpen = 20,
        FirstPause = TimeSpan.FromMilliseconds(500),
        LongestPause = TimeSpan.FromSeconds(30),
    };

    /// <summary>Of a candidate: nobody waits for it, so it is given up early, and tried again seldom.</summary>
    public static CircuitSettings Copies { get; } = new()
    {
        FailuresToOpen = 5,
        FirstPause = TimeSpan.FromSeconds(30),
        LongestPause = TimeSpan.FromSeconds(30),
        Window = 20,
        FailuresInWindow = 10,
    };

    /// <summary>Failures in a row that open it.</summary>
    public required int FailuresToOpen { get; init; }

    /// <summary>Closed for everybody so long at first; twice as long after each probe that fails.</summary>
    public required TimeSpan FirstPause { get; init; }

    public required TimeSpan LongestPause { get; init; }

    /// <summary>Last outcomes that count together, at most 64; 0 = only failures in a row count.</summary>
    public int Window { get; init; }

    /// <summary>Failures among a full window that open it.</summary>
    public int FailuresInWindow { get; init; }
}
