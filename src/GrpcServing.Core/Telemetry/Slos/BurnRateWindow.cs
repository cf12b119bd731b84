using System.Collections.Immutable;

namespace GrpcServing.Telemetry;

/// <summary>An alert condition: this share of a period's error budget is spent within the long window, and goes on being spent in the short one.</summary>
/// <param name="Severity"><c>page</c> or <c>ticket</c>.</param>
/// <param name="BudgetShare">Of the whole period, 0 to 1.</param>
public sealed record BurnRateWindow(string Severity, decimal BudgetShare, string Long, int LongHours, string Short);

/// <summary>The period over which an objective holds, with its alert conditions.</summary>
/// <remarks>The conditions of the SRE workbook, chapter 5, as sloth ships them; those of 7 days are sloth's example for it.</remarks>
public sealed record SloPeriod(int Days, ImmutableArray<BurnRateWindow> Windows)
{
    private static readonly ImmutableArray<BurnRateWindow> Workbook =
    [
        new("page", 0.02m, "1h", 1, "5m"),
        new("page", 0.05m, "6h", 6, "30m"),
        new("ticket", 0.10m, "1d", 24, "2h"),
        new("ticket", 0.10m, "3d", 72, "6h"),
    ];

    private static readonly ImmutableArray<BurnRateWindow> Week =
    [
        new("page", 0.08m, "1h", 1, "5m"),
        new("page", 0.125m, "6h", 6, "30m"),
        new("ticket", 0.20m, "1d", 24, "2h"),
        new("ticket", 0.42m, "3d", 72, "6h"),
    ];

    /// <summary>The periods there are conditions for.</summary>
    public static ImmutableArray<SloPeriod> All { get; } = [new(30, Workbook), new(28, Workbook), new(7, Week)];

    public static SloPeriod Default => All[0];

    /// <summary>How many times faster than evenly over the period the budget is spent when the condition holds.</summary>
    public decimal Factor(BurnRateWindow window) => window.BudgetShare * Days * 24 / window.LongHours;
}
