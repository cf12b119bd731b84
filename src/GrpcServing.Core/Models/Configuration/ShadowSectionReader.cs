using System.Collections.Immutable;
using GrpcServing.Shadowing;

namespace GrpcServing.Models;

/// <summary>Reads the <c>shadow</c> object of model.json: every key of <see cref="ShadowSettings"/>.</summary>
internal static class ShadowSectionReader
{
    /// <returns>Null when there is none, or the candidate is not named; what is wrong has been reported.</returns>
    public static ShadowSettings? Read(JsonSection? section)
    {
        if (section is null) return null;
        var defaults = new ShadowSettings { Candidate = 0 };
        var candidate = section.Long("candidate", 1, long.MaxValue);
        if (!section.Has("candidate")) section.Report("candidate", "is missing: name the version that gets a copy of the traffic");
        var settings = defaults with
        {
            Candidate = candidate?.Value ?? 0,
            Primary = section.Long("primary", 0, long.MaxValue)?.Value ?? defaults.Primary,
            Fraction = section.Number("fraction", 0, 1)?.Value ?? defaults.Fraction,
            Filters = ReadFilters(section.Section("filters")),
            SliceParameter = section.Text("sliceParameter", static _ => true, "the name of a request parameter")?.Value ?? defaults.SliceParameter,
            ControlFraction = section.Number("controlFraction", 0, 1)?.Value ?? defaults.ControlFraction,
            DisagreementBudget = section.Number("disagreementBudget", ShadowLimits.LeastRate, ShadowLimits.MostRate)?.Value ?? defaults.DisagreementBudget,
            ErrorBudget = section.Number("errorBudget", ShadowLimits.LeastRate, ShadowLimits.MostRate)?.Value ?? defaults.ErrorBudget,
            MaxExecutionRatio = section.Number("maxExecutionRatio", 0, ShadowLimits.MostExecutionRatio)?.Value ?? defaults.MaxExecutionRatio,
            Alpha = section.Number("alpha", ShadowLimits.LeastAlpha, ShadowLimits.MostRate)?.Value ?? defaults.Alpha,
            MinPairs = section.Long("minPairs", 1, long.MaxValue)?.Value ?? defaults.MinPairs,
            MinDuration = section.Duration("minDuration", TimeSpan.Zero, ShadowLimits.LongestDuration)?.Value ?? defaults.MinDuration,
            ExpiresAfter = section.Duration("expiresAfter", ShadowLimits.ShortestLife, ShadowLimits.LongestDuration, infinite: true)?.Value ?? defaults.ExpiresAfter,
            MaxQueueRequests = section.Int("maxQueueRequests", 1, ShadowLimits.MostQueueRequests)?.Value ?? defaults.MaxQueueRequests,
            MaxQueueBytes = section.Long("maxQueueBytes", 1, ShadowLimits.MostBytes)?.Value ?? defaults.MaxQueueBytes,
            MaxAge = section.Duration("maxAge", ShadowLimits.ShortestAge, ShadowLimits.LongestAge)?.Value ?? defaults.MaxAge,
            Comparators = ReadComparators(section.Section("comparators")),
            MaxDisagreements = section.Int("maxDisagreements", 0, ShadowLimits.MostDisagreements)?.Value ?? defaults.MaxDisagreements,
            MaxCaptureBytes = section.Long("maxCaptureBytes", 0, ShadowLimits.MostBytes)?.Value ?? defaults.MaxCaptureBytes,
        };
        if (settings.MaxExecutionRatio is > 0 and <= ShadowLimits.LeastExecutionRatio)
            section.Report("maxExecutionRatio", FormattableString.Invariant($"({settings.MaxExecutionRatio}) must be {ShadowLimits.ExecutionRatio}"));
        if (settings.Candidate != 0 && settings.Candidate == settings.Primary)
            section.Report("primary", FormattableString.Invariant($"({settings.Primary}) must be another version than the candidate"));
        section.Finish();
        return candidate is null ? null : settings;
    }

    private static ImmutableDictionary<string, string> ReadFilters(JsonSection? section)
    {
        var filters = ImmutableDictionary.CreateBuilder<string, string>();
        if (section is null) return filters.ToImmutable();
        foreach (var parameter in section.Keys)
            if (section.Text(parameter, static _ => true, "a string: the parameter's value as text") is { } value) filters[parameter] = value.Value;
        section.Finish();
        return filters.ToImmutable();
    }

    private static ImmutableDictionary<string, ComparatorOptions> ReadComparators(JsonSection? section)
    {
        var comparators = ImmutableDictionary.CreateBuilder<string, ComparatorOptions>();
        if (section is null) return comparators.ToImmutable();
        foreach (var output in section.Keys)
            if (section.Section(output) is { } comparator) comparators[output] = ReadComparator(comparator);
        section.Finish();
        return comparators.ToImmutable();
    }

    private static ComparatorOptions ReadComparator(JsonSection section)
    {
        var defaults = new ComparatorOptions();
        var kind = section.Text("kind", static text => ComparatorKinds.TryParse(text, out _), ComparatorKinds.Expected);
        var ignore = section.Flag("ignore");
        var options = defaults with
        {
            Kind = ignore is { Value: true } ? OutputKind.Ignored : kind is not null && ComparatorKinds.TryParse(kind.Value, out var parsed) ? parsed : null,
            AbsoluteTolerance = section.Number("absoluteTolerance", 0, double.MaxValue)?.Value ?? defaults.AbsoluteTolerance,
            RelativeTolerance = section.Number("relativeTolerance", 0, double.MaxValue)?.Value ?? defaults.RelativeTolerance,
            TopK = section.Int("topK", 1, ShadowLimits.MostTopK)?.Value ?? defaults.TopK,
            CosineTolerance = section.Number("maxCosineDistance", 0, 2)?.Value ?? defaults.CosineTolerance,
        };
        section.Finish();
        return options;
    }
}
