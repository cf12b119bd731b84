using System.Collections.Immutable;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using GrpcServing.Shadowing;
using Proto = GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Endpoints;

/// <summary>The settings of a shadow as the admin interface sends them.</summary>
internal static class ShadowSettingsMessage
{
    /// <param name="errors">Gets a sentence for each setting that is wrong.</param>
    public static ShadowSettings Read(Proto.ShadowSettings message, List<string> errors)
    {
        var defaults = new ShadowSettings { Candidate = message.Candidate };
        var before = errors.Count;
        var settings = defaults with
        {
            Primary = message.Primary,
            Fraction = message.HasFraction ? message.Fraction : defaults.Fraction,
            Filters = ReadFilters(message, errors),
            SliceParameter = message.SliceParameter,
            ControlFraction = message.HasControlFraction ? message.ControlFraction : defaults.ControlFraction,
            DisagreementBudget = message.HasDisagreementBudget ? message.DisagreementBudget : defaults.DisagreementBudget,
            ErrorBudget = message.HasErrorBudget ? message.ErrorBudget : defaults.ErrorBudget,
            MaxExecutionRatio = message.HasMaxExecutionRatio ? message.MaxExecutionRatio : defaults.MaxExecutionRatio,
            Alpha = message.HasAlpha ? message.Alpha : defaults.Alpha,
            MinPairs = message.HasMinPairs ? message.MinPairs : defaults.MinPairs,
            MinDuration = ReadDuration(message.MinDuration, "settings.min_duration", defaults.MinDuration, errors),
            ExpiresAfter = ReadDuration(message.ExpiresAfter, "settings.expires_after", defaults.ExpiresAfter, errors),
            MaxQueueRequests = message.HasMaxQueueRequests ? message.MaxQueueRequests : defaults.MaxQueueRequests,
            MaxQueueBytes = message.HasMaxQueueBytes ? message.MaxQueueBytes : defaults.MaxQueueBytes,
            MaxAge = ReadDuration(message.MaxAge, "settings.max_age", defaults.MaxAge, errors),
            Comparators = message.Comparators.ToImmutableDictionary(static entry => entry.Key, entry => ReadComparator(entry.Key, entry.Value, errors)),
            MaxDisagreements = message.HasMaxDisagreements ? message.MaxDisagreements : defaults.MaxDisagreements,
            MaxCaptureBytes = message.HasMaxCaptureBytes ? message.MaxCaptureBytes : defaults.MaxCaptureBytes,
        };
        // An expiry that came and could not be read has been reported: it is not "never".
        if (message.ExpiresAfter is not null && errors.Count == before && settings.ExpiresAfter == Timeout.InfiniteTimeSpan) errors.Add("settings.expires_after must be a time, or absent for never");
        errors.AddRange(ShadowLimits.Failures(settings, static key => $"settings.{ToSnakeCase(key)}"));
        return settings;
    }

    /// <summary>Everything that is in force.</summary>
    public static Proto.ShadowSettings Create(ShadowSettings settings)
    {
        var message = new Proto.ShadowSettings
        {
            Candidate = settings.Candidate,
            Primary = settings.Primary,
            Fraction = settings.Fraction,
            SliceParameter = settings.SliceParameter,
            ControlFraction = settings.ControlFraction,
            DisagreementBudget = settings.DisagreementBudget,
            ErrorBudget = settings.ErrorBudget,
            MaxExecutionRatio = settings.MaxExecutionRatio,
            Alpha = settings.Alpha,
            MinPairs = settings.MinPairs,
            MinDuration = Duration.FromTimeSpan(settings.MinDuration),
            ExpiresAfter = settings.ExpiresAfter == Timeout.InfiniteTimeSpan ? null : Duration.FromTimeSpan(settings.ExpiresAfter),
            MaxQueueRequests = settings.MaxQueueRequests,
            MaxQueueBytes = settings.MaxQueueBytes,
            MaxAge = Duration.FromTimeSpan(settings.MaxAge),
            MaxDisagreements = settings.MaxDisagreements,
            MaxCaptureBytes = settings.MaxCaptureBytes,
        };
        foreach (var (parameter, value) in settings.Filters.OrderBy(static filter => filter.Key, StringComparer.Ordinal)) message.Filters.Add(new Proto.ParameterFilter { Parameter = parameter, Equals_ = value });
        foreach (var (output, comparator) in settings.Comparators)
        {
            message.Comparators.Add(output, new Proto.Comparator
            {
                Kind = comparator.Kind is { } kind and not OutputKind.Ignored ? ComparatorKinds.Name(kind) : "",
                AbsoluteTolerance = comparator.AbsoluteTolerance,
                RelativeTolerance = comparator.RelativeTolerance,
                TopK = comparator.TopK,
                MaxCosineDistance = comparator.CosineTolerance,
                Ignore = comparator.Kind == OutputKind.Ignored,
            });
        }
        return message;
    }

    public static TimeSpan ReadDuration(Duration? message, string name, TimeSpan fallback, List<string> errors)
    {
        if (message is null) return fallback;
        try
        {
            return message.ToTimeSpan();
        }
        catch (Exception outOfRange) when (outOfRange is InvalidOperationException or OverflowException)
        {
            errors.Add(FormattableString.Invariant($"{name} ({message.Seconds} s, {message.Nanos} ns) must be a duration as protobuf has it, seconds and nanoseconds of one sign"));
            return fallback;
        }
    }

    private static ImmutableDictionary<string, string> ReadFilters(Proto.ShadowSettings message, List<string> errors)
    {
        var filters = ImmutableDictionary.CreateBuilder<string, string>();
        foreach (var filter in message.Filters)
        {
            if (filter.Parameter.Length == 0) errors.Add("settings.filters must name a parameter each");
            else if (!filters.TryAdd(filter.Parameter, filter.Equals_)) errors.Add($"settings.filters ({CallerText.Clip(filter.Parameter)}) must name each parameter once");
        }
        return filters.ToImmutable();
    }

    private static ComparatorOptions ReadComparator(string output, Proto.Comparator message, List<string> errors)
    {
        OutputKind? kind = null;
        if (message.Kind.Length > 0)
        {
            if (ComparatorKinds.TryParse(message.Kind, out var parsed)) kind = parsed;
            else errors.Add($"settings.comparators.{CallerText.Clip(output)}.kind ({CallerText.Clip(message.Kind)}) must be {ComparatorKinds.Expected}");
        }
        var defaults = new ComparatorOptions();
        return defaults with
        {
            Kind = message.Ignore ? OutputKind.Ignored : kind,
            AbsoluteTolerance = message.HasAbsoluteTolerance ? message.AbsoluteTolerance : defaults.AbsoluteTolerance,
            RelativeTolerance = message.HasRelativeTolerance ? message.RelativeTolerance : defaults.RelativeTolerance,
            TopK = message.HasTopK ? message.TopK : defaults.TopK,
            CosineTolerance = message.HasMaxCosineDistance ? message.MaxCosineDistance : defaults.CosineTolerance,
        };
    }

    /// <summary>The last part of a path only: those before it are names of the user's.</summary>
    private static string ToSnakeCase(string path)
    {
        var last = path.LastIndexOf('.') + 1;
        var text = new StringBuilder(path, 0, last, path.Length + 8);
        foreach (var letter in path.AsSpan(last))
        {
            if (char.IsAsciiLetterUpper(letter)) text.Append('_').Append(char.ToLowerInvariant(letter));
            else text.Append(letter);
        }
        return text.ToString();
    }
}
