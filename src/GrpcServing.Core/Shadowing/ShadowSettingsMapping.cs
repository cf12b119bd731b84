namespace GrpcServing.Shadowing;

/// <summary>The settings of a shadow in the words of the rooms that act on them.</summary>
internal static class ShadowSettingsMapping
{
    public static VerdictOptions ToVerdictOptions(this ShadowSettings settings)
    {
        var defaults = new VerdictOptions();
        return defaults with
        {
            Alpha = settings.Alpha,
            DisagreementBudget = settings.DisagreementBudget,
            FaultBudget = settings.ErrorBudget,
            FaultCeiling = Math.Max(defaults.FaultCeiling, settings.ErrorBudget),
            ExecutionRatioBudget = settings.MaxExecutionRatio,
            MinimumPairs = settings.MinPairs,
            MinimumTime = settings.MinDuration,
            ControlShare = settings.ControlFraction,
            // Those without a value of the slice parameter are one more.
            MaxSlices = SliceCounts.MaxSlices + 1,
        };
    }

    public static ComparatorOptions ToComparatorOptions(this ShadowSettings settings) => new() { Outputs = settings.Comparators };
}
