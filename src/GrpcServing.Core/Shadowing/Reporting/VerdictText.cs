using System.Globalization;

namespace GrpcServing.Shadowing;

/// <summary>Says in a sentence why a verdict is what it is, and what to do where something stands in its way.</summary>
internal static class VerdictText
{
    /// <param name="elapsed">Since the first pair.</param>
    /// <param name="endReason">Why the shadow ended; null while it runs.</param>
    /// <param name="misfit">Why the first request that did not fit the candidate did not; null when all fit.</param>
    /// <param name="misfits">How many did not.</param>
    /// <param name="lastError">The candidate's last error; null when it had none.</param>
    public static string Describe(VerdictSnapshot verdict, ShadowSettings settings, TimeSpan elapsed, string? endReason, string? misfit, long misfits, string? lastError)
    {
        var text = verdict.Verdict switch
        {
            Verdict.Pass => string.Create(CultureInfo.InvariantCulture, $"Every guard passed, after {verdict.DecidedAt} pairs."),
            Verdict.Fail => Failed(verdict),
            _ => $"Undecided: {Waits(verdict, settings, elapsed)}.",
        };
        if (misfit is not null) text += string.Create(CultureInfo.InvariantCulture, $" {misfits} requests did not fit the candidate; the first because {misfit}.");
        if (lastError is not null) text += $" The candidate's last error: {CallerText.Clip(lastError)}";
        if (endReason is not null) text += $" {endReason}";
        return text;
    }

    private static string Failed(VerdictSnapshot verdict)
    {
        var guard = verdict.Guards.First(guard => guard.Guard == verdict.FailedGuard);
        var what = guard.Guard switch
        {
            Guard.Disagreement => "The candidate answers otherwise too often",
            Guard.Faults => "The candidate fails or gives unusable answers too often",
            Guard.ExecutionTime => "The candidate takes too long to execute",
            _ => "The candidate is wrong more often than the primary",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{what}: {guard.Estimate:0.####} where {guard.Budget:0.####} is the budget, after {guard.DecidedAt} pairs.");
    }

    private static string Waits(VerdictSnapshot verdict, ShadowSettings settings, TimeSpan elapsed)
    {
        var waits = new List<string>();
        void Wait(Pending pending, string what)
        {
            if (verdict.Pending.HasFlag(pending)) waits.Add(what);
        }
        Wait(Pending.Pairs, string.Create(CultureInfo.InvariantCulture, $"{settings.MinPairs - verdict.Pairs} more pairs for the minimum"));
        Wait(Pending.Time, $"{(settings.MinDuration - elapsed):d\\.hh\\:mm\\:ss} more of the minimum duration");
        Wait(Pending.Coverage, string.Create(CultureInfo.InvariantCulture, $"more of the traffic to be compared ({verdict.Coverage:P1} of what was chosen; see the drops)"));
        Wait(Pending.Disagreement, "more evidence on disagreement");
        Wait(Pending.ControlPairs, "control pairs, to tell the disagreements from the primary's own noise");
        Wait(Pending.Faults, "more evidence on candidate errors");
        Wait(Pending.ExecutionTime, verdict.Guards.Any(static guard => guard is { Guard: Guard.ExecutionTime, Observations: 0 })
            ? "batches of equal size on both sides, to compare execution time (maxExecutionRatio 0 leaves that out)"
            : "more evidence on execution time");
        return waits.Count == 0 ? "nothing more than the next pair" : $"waits for {string.Join("; ", waits)}";
    }
}
