using System.Globalization;
using System.Text;

namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>The Markdown of a comparison: what is to be reached, then a table for each model.</summary>
internal static class ComparisonReport
{
    public static string Write(IReadOnlyList<Sample> samples)
    {
        var results = new Results(samples);
        var text = new StringBuilder("# Side by side\n\nMedians over the rounds; a ratio is the median of the ratios within the rounds. The policy tuned by hand that ours is\ncompared with in a round is the one that was fastest in all other rounds. Where a\nwindow would hold few answers to each caller, some hundred requests are timed instead.\n\n");
        Targets(text, results);
        foreach (var model in results.Models) Table(text, results, model);
        return text.ToString();
    }

    private static void Targets(StringBuilder text, Results results)
    {
        Target[] measured = [.. Target.All(results).Where(static target => target.IsMeasured).DistinctBy(static target => (target.What, target.Required))];
        text.AppendLine(CultureInfo.InvariantCulture, $"## To reach: {measured.Count(static target => target.IsReached)} of {measured.Length}\n");
        text.AppendLine("| ratio of our server (policy deadline, default settings) | required | measured | |\n|---|---|---|---|");
        foreach (var target in measured)
            text.AppendLine(CultureInfo.InvariantCulture, $"| {target.What} | {(target.AtMost ? "<=" : ">=")} {target.Required} | {target.Measured:0.000} | {(target.IsReached ? "" : "missed")} |");
    }

    private static void Table(StringBuilder text, Results results, string model)
    {
        text.AppendLine(CultureInfo.InvariantCulture, $"\n## {model}\n");
        text.AppendLine("| concurrency | | requests/s | of naive | of deadline | of the model alone | server CPU us/request | of echo | p50 us | rows/batch | managed B/request | gen 2 | failed |");
        text.AppendLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var concurrency in results.Concurrencies(model))
            foreach (var contender in results.Contenders(model, concurrency))
                text.AppendLine(Row(results, model, concurrency, contender));
    }

    private static string Row(Results results, string model, int concurrency, string contender)
    {
        string Of(string other) => contender == other ? "" : Number(results.Ratio(model, concurrency, contender, other, static sample => sample.PerSecond), "0.00x");
        string Value(Func<Sample, double> value, string format) => Number(results.Median(model, concurrency, contender, value), format);
        var failed = results.Median(model, concurrency, contender, static sample => sample.Failed);
        string[] cells =
        [
            concurrency.ToString(CultureInfo.InvariantCulture), contender,
            Value(static sample => sample.PerSecond, "0"), Of(Contender.Naive), Of(Contender.Ours), Of(Contender.Best),
            Value(static sample => sample.CpuMicroseconds, "0.0"),
            contender == Contender.Echo ? "" : Number(results.Ratio(model, concurrency, contender, Contender.Echo, static sample => sample.CpuMicroseconds), "0.00x"),
            Value(static sample => sample.P50Microseconds, "0"), Value(static sample => sample.RowsPerBatch, "0.0"),
            Value(static sample => sample.AllocatedBytes, "0"), Value(static sample => sample.Gen2Collections, "0"), failed > 0 ? Number(failed, "0.0 %") : "",
        ];
        return $"| {string.Join(" | ", cells)} |";
    }

    private static string Number(double value, string format) => double.IsNaN(value) ? "" : value.ToString(format, CultureInfo.InvariantCulture);
}
