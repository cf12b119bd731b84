namespace GrpcServing.Shadowing;

/// <summary>The ranges of <see cref="ShadowSettings"/>: the same for model.json and for the admin interface.</summary>
internal static class ShadowLimits
{
    public const double LeastRate = 1e-6;
    public const double MostRate = 0.5;
    public const double LeastAlpha = 1e-9;

    /// <summary>Times are compared within a factor of four either way: a budget lies inside of that, with a little room.</summary>
    public const double LeastExecutionRatio = 0.25;
    public const double MostExecutionRatio = 3.9;
    public const string ExecutionRatio = "0, or more than 0.25 and at most 3.9";

    public const int MostQueueRequests = 1_000_000;
    public const long MostBytes = 1L << 40;
    public const int MostDisagreements = 1_000_000;
    public const int MostTopK = 100;

    public static readonly TimeSpan LongestDuration = TimeSpan.FromDays(365);
    public static readonly TimeSpan ShortestLife = TimeSpan.FromMilliseconds(1);
    public static readonly TimeSpan ShortestAge = TimeSpan.FromMilliseconds(1);
    public static readonly TimeSpan LongestAge = TimeSpan.FromMinutes(10);

    /// <summary>Everything that is outside of its range, each as <c>NAME (value) must be ...</c>.</summary>
    /// <param name="name">Gives a setting, in camelCase, the name that the caller knows it by.</param>
    public static IEnumerable<string> Failures(ShadowSettings settings, Func<string, string> name)
    {
        string Wrong(string key, FormattableString value, string expected) => $"{name(key)} ({FormattableString.Invariant(value)}) must be {expected}";
        string Rate(double least) => FormattableString.Invariant($"a number, {least}..{MostRate}");

        if (settings.Candidate < 1) yield return Wrong("candidate", $"{settings.Candidate}", "the number of a version, 1 or more");
        if (settings.Primary < 0) yield return Wrong("primary", $"{settings.Primary}", "the number of a version, or 0 for the newest that is not the candidate");
        if (settings.Candidate > 0 && settings.Primary == settings.Candidate) yield return Wrong("primary", $"{settings.Primary}", "another version than the candidate");
        if (!(settings.Fraction is >= 0 and <= 1)) yield return Wrong("fraction", $"{settings.Fraction}", "a number, 0..1");
        if (!(settings.ControlFraction is >= 0 and <= 1)) yield return Wrong("controlFraction", $"{settings.ControlFraction}", "a number, 0..1");
        if (!(settings.DisagreementBudget is >= LeastRate and <= MostRate)) yield return Wrong("disagreementBudget", $"{settings.DisagreementBudget}", Rate(LeastRate));
        if (!(settings.ErrorBudget is >= LeastRate and <= MostRate)) yield return Wrong("errorBudget", $"{settings.ErrorBudget}", Rate(LeastRate));
        if (!(settings.MaxExecutionRatio is 0 or (> LeastExecutionRatio and <= MostExecutionRatio))) yield return Wrong("maxExecutionRatio", $"{settings.MaxExecutionRatio}", ExecutionRatio);
        if (!(settings.Alpha is >= LeastAlpha and <= MostRate)) yield return Wrong("alpha", $"{settings.Alpha}", Rate(LeastAlpha));
        if (settings.MinPairs < 1) yield return Wrong("minPairs", $"{settings.MinPairs}", "at least 1");
        if (settings.MinDuration < TimeSpan.Zero || settings.MinDuration > LongestDuration) yield return Wrong("minDuration", $"{settings.MinDuration}", $"a time, 0 to {LongestDuration.TotalDays} days");
        if (settings.ExpiresAfter != Timeout.InfiniteTimeSpan && (settings.ExpiresAfter < ShortestLife || settings.ExpiresAfter > LongestDuration))
            yield return Wrong("expiresAfter", $"{settings.ExpiresAfter}", $"a time, 1 ms to {LongestDuration.TotalDays} days, or absent for never");
        if (settings.MaxQueueRequests is < 1 or > MostQueueRequests) yield return Wrong("maxQueueRequests", $"{settings.MaxQueueRequests}", $"1..{MostQueueRequests}");
        if (settings.MaxQueueBytes is < 1 or > MostBytes) yield return Wrong("maxQueueBytes", $"{settings.MaxQueueBytes}", $"1..{MostBytes}");
        if (settings.MaxAge < ShortestAge || settings.MaxAge > LongestAge) yield return Wrong("maxAge", $"{settings.MaxAge}", "a time, 1 ms to 10 minutes");
        if (settings.MaxDisagreements is < 0 or > MostDisagreements) yield return Wrong("maxDisagreements", $"{settings.MaxDisagreements}", $"0..{MostDisagreements}");
        if (settings.MaxCaptureBytes is < 0 or > MostBytes) yield return Wrong("maxCaptureBytes", $"{settings.MaxCaptureBytes}", $"0..{MostBytes}");
        foreach (var (output, comparator) in settings.Comparators)
        {
            string Of(string key) => $"comparators.{output}.{key}";
            if (!(comparator.AbsoluteTolerance >= 0)) yield return Wrong(Of("absoluteTolerance"), $"{comparator.AbsoluteTolerance}", "0 or more");
            if (!(comparator.RelativeTolerance >= 0)) yield return Wrong(Of("relativeTolerance"), $"{comparator.RelativeTolerance}", "0 or more");
            if (comparator.TopK is < 1 or > MostTopK) yield return Wrong(Of("topK"), $"{comparator.TopK}", $"1..{MostTopK}");
            if (!(comparator.CosineTolerance is >= 0 and <= 2)) yield return Wrong(Of("maxCosineDistance"), $"{comparator.CosineTolerance}", "0..2");
        }
    }
}
