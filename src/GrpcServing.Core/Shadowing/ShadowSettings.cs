using System.Collections.Immutable;
using GrpcServing.Models;

namespace GrpcServing.Shadowing;

/// <summary>What a shadow is asked to do, every value in force. Immutable.</summary>
/// <remarks>Read from <c>model.json</c> (<c>"shadow"</c>) or from the admin interface; both take their defaults from here.</remarks>
public sealed record ShadowSettings
{
    public const double DefaultControlFraction = 0.05;

    /// <summary>Version that gets the copies.</summary>
    public required long Candidate { get; init; }

    /// <summary>Version whose traffic is copied; 0 = the newest served version that is not the candidate.</summary>
    public long Primary { get; init; }

    /// <summary>Share of the eligible requests that are copied, 0 to 1, chosen by a hash of the request.</summary>
    public double Fraction { get; init; } = 1;

    /// <summary>A request is eligible when every one of these parameters has this value.</summary>
    public ImmutableDictionary<string, string> Filters { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Request parameter whose values are the slices; "" = one slice.</summary>
    public string SliceParameter { get; init; } = "";

    /// <summary>Share of the pairs that the primary runs again too, in another batch, to measure its own noise.</summary>
    public double ControlFraction { get; init; } = DefaultControlFraction;

    /// <summary>Largest share of disagreeing pairs that is still acceptable, in (0, 0.5].</summary>
    public double DisagreementBudget { get; init; } = 0.01;

    /// <summary>Largest share of candidate errors, in (0, 0.5].</summary>
    public double ErrorBudget { get; init; } = 0.001;

    /// <summary>Largest acceptable ratio of execution time per row at equal batch shape; 0 = any.</summary>
    public double MaxExecutionRatio { get; init; } = 1.10;

    /// <summary>Chance of a wrong verdict over the whole life of the shadow, in (0, 0.5].</summary>
    public double Alpha { get; init; } = 0.05;

    /// <summary>Pairs before PASS is possible.</summary>
    public long MinPairs { get; init; } = 300;

    /// <summary>Time before PASS is possible.</summary>
    public TimeSpan MinDuration { get; init; } = TimeSpan.FromHours(24);

    /// <summary>When the shadow ends by itself; <see cref="Timeout.InfiniteTimeSpan"/> = never. Expiry is never PASS.</summary>
    public TimeSpan ExpiresAfter { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Most copies that wait or run.</summary>
    public int MaxQueueRequests { get; init; } = 1024;

    /// <summary>Most bytes that waiting copies hold, inputs and primary answers together.</summary>
    public long MaxQueueBytes { get; init; } = 64L << 20;

    /// <summary>A copy that could not run for this long is dropped: what it would be compared with is history.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>By output name; outputs that are not named are compared by what their spec says they are.</summary>
    internal ImmutableDictionary<string, ComparatorOptions> Comparators { get; init; } = ImmutableDictionary<string, ComparatorOptions>.Empty;

    /// <summary>Disagreements kept, as a reservoir per slice.</summary>
    public int MaxDisagreements { get; init; } = 1000;

    /// <summary>Bytes that captured requests may take on disk.</summary>
    public long MaxCaptureBytes { get; init; } = 64L << 20;

    /// <summary>These settings for this primary: where runs of several threads answer its callers, copies, which run on one, can only be held against copies.</summary>
    internal ShadowSettings For(ServedVersion primary) =>
        primary.Copies is not null && ControlFraction == 0 ? this with { ControlFraction = DefaultControlFraction } : this;
}
