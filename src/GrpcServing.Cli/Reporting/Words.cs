using System.Globalization;
using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Reporting;

/// <summary>Numbers as people read them, the same in the report and in the terminal.</summary>
internal static class Words
{
    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A share as a percentage with three significant digits.</summary>
    public static string Share(double value) => double.IsFinite(value) ? $"{Significant(value * 100)} %" : "–";

    public static string Share(Interval? interval) =>
        interval is null ? "–" : $"{Share(interval.Estimate)} [{Share(interval.Lower)}, {Share(interval.Upper)}]";

    public static string Ratio(Interval? interval) =>
        interval is null || interval.Estimate == 0 ? "–" : $"{Significant(interval.Estimate)}x [{Significant(interval.Lower)}, {Significant(interval.Upper)}]";

    public static string Seconds(double seconds) => seconds switch
    {
        >= 1 => $"{Significant(seconds)} s",
        >= 1e-3 => $"{Significant(seconds * 1e3)} ms",
        > 0 => $"{Significant(seconds * 1e6)} µs",
        _ => "–",
    };

    public static string Bytes(long bytes) => bytes switch
    {
        >= 1 << 20 => $"{Significant(bytes / (double)(1 << 20))} MiB",
        >= 1 << 10 => $"{Significant(bytes / (double)(1 << 10))} KiB",
        _ => $"{bytes} B",
    };

    public static string Significant(double value)
    {
        if (!double.IsFinite(value)) return "–";
        if (value == 0) return "0";
        if (Math.Abs(value) is < 1e-4 or >= 1e9) return value.ToString("0.##e0", CultureInfo.InvariantCulture);
        var decimals = Math.Clamp(2 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 9);
        return Math.Round(value, decimals).ToString($"0.{new string('#', decimals)}", CultureInfo.InvariantCulture);
    }

    public static string Verdict(Verdict verdict) => verdict switch
    {
        Protos.Admin.V1.Verdict.Pass => "PASS",
        Protos.Admin.V1.Verdict.Fail => "FAIL",
        _ => "UNDECIDED",
    };

    public static string State(ShadowState state) => state switch
    {
        ShadowState.Throttled => "throttled",
        ShadowState.BreakerOpen => "candidate breaker open",
        ShadowState.Stopped => "stopped",
        ShadowState.Expired => "expired",
        _ => "running",
    };

    /// <summary>A label of the interface (<c>queue_full</c>) as words.</summary>
    public static string Label(string name) => name.Replace('_', ' ');

    public static string Duration(TimeSpan span) => span switch
    {
        { TotalDays: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalDays} d {span.Hours} h"),
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours} h {span.Minutes} min"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalMinutes} min {span.Seconds} s"),
        _ => $"{Significant(span.TotalSeconds)} s",
    };

    public static string Instant(Google.Protobuf.WellKnownTypes.Timestamp? at) =>
        at is null ? "–" : at.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
