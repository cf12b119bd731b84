using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Reporting;

/// <summary>The parts of a report below its head, in reading order. One that has nothing to say says so in a line.</summary>
internal static class ReportSections
{
    public static void Evidence(Html page, ShadowReport report)
    {
        Begin(page, "Evidence", "The band is a confidence sequence: it holds at every moment, however often it is looked at.");
        Figures(page, [("measured", "--candidate"), ("confidence sequence", "--line")], ("Disagreement", ReportCharts.Disagreement(report)), ("Evidence at the budget", ReportCharts.Evidence(report)), ("Execution time", ReportCharts.ExecutionRatio(report)));
        End(page);
    }

    public static void Confusion(Html page, ShadowReport report)
    {
        foreach (var output in report.Confusion.GroupBy(static cell => cell.Output))
        {
            var cells = output.ToLookup(static cell => (cell.Primary, cell.Candidate), static cell => cell.Rows);
            var classes = output.SelectMany(static cell => new[] { cell.Primary, cell.Candidate }).Distinct().OrderBy(static name => name, ClassOrder.Instance).ToArray();
            var largest = output.Where(static cell => cell.Primary != cell.Candidate).Select(static cell => cell.Rows).DefaultIfEmpty(1).Max();
            Begin(page, $"Classes of {output.Key}", "Rows: what the primary said. Columns: what the candidate said. Off the diagonal they differ.");
            page.Raw("<div class=\"scroll\"><table class=\"matrix\"><thead><tr><th></th>");
            foreach (var name in classes) page.Element("th", name);
            page.Raw("</tr></thead><tbody>");
            foreach (var primary in classes)
            {
                page.Open("tr").Element("th", primary);
                foreach (var candidate in classes)
                {
                    var rows = cells[(primary, candidate)].Sum();
                    var strength = primary == candidate || rows == 0 ? 0 : 15 + (int)(70 * rows / largest);
                    page.Element("td", rows == 0 ? "" : Words.Count(rows), primary == candidate ? "class=\"same\"" : $"style=\"background:color-mix(in srgb,var(--bad) {strength}%,transparent)\"");
                }
                page.Close("tr");
            }
            page.Raw("</tbody></table></div>");
            End(page);
        }
    }

    public static void Outputs(Html page, ShadowReport report)
    {
        Begin(page, "Outputs", "How far the two answers are apart, by what each output is.");
        page.Table(["output", "compared as", "rows#", "disagreeing#", "measure", "mean#", "p50#", "p99#", "max#"], report.Outputs.SelectMany(static output => output.Metrics.OrderBy(static metric => metric.Key, StringComparer.Ordinal).DefaultIfEmpty().Select(metric => new[]
        {
            output.Name, Words.Label(output.Kind), Words.Count(output.Rows), Words.Count(output.DisagreeingRows),
            metric.Key is null ? "–" : Words.Label(metric.Key), Number(metric.Value?.Mean), Number(metric.Value?.P50), Number(metric.Value?.P99), Number(metric.Value?.Max),
        })));
        var faults = report.Outputs.SelectMany(static output => output.Faults.Select(fault => $"{output.Name}: {Words.Label(fault.Key)} in {Words.Count(fault.Value)} pairs")).ToArray();
        if (faults.Length > 0) page.Element("p", $"The candidate's outputs are not what the primary's are. {string.Join("; ", faults)}.", "class=\"warn\"");
        End(page);
    }

    public static void Execution(Html page, ShadowReport report)
    {
        Begin(page, "Execution time", "Per row, in batches of the same number of rows. Waiting is left out: a copy waits for idle time by design.");
        page.Table(["batch rows#", "primary mean#", "candidate mean#", "ratio#", "runs#"], report.Execution.Select(static times => new[]
        {
            Words.Count(times.BatchRows), Words.Seconds(ReportCharts.Mean(times.Primary)), Words.Seconds(ReportCharts.Mean(times.Candidate)),
            ReportCharts.Mean(times.Primary) > 0 ? $"{Words.Significant(ReportCharts.Mean(times.Candidate) / ReportCharts.Mean(times.Primary))}x" : "–",
            Words.Count(times.Candidate?.Counts.Sum() ?? 0),
        }));
        Figures(page, [("primary", "--primary"), ("candidate", "--candidate")], [.. report.Execution.OrderByDescending(static times => times.Candidate?.Counts.Sum() ?? 0).Take(4).OrderBy(static times => times.BatchRows)
            .Select(static times => ($"Batches of {times.BatchRows}", ReportCharts.Execution(times)))]);
        End(page);
    }

    public static void Coverage(Html page, ShadowReport report)
    {
        var (status, coverage) = (report.Status, report.Coverage);
        Begin(page, "Coverage", "What was compared speaks for the traffic only where it was not dropped one-sidedly: copies run in idle time, so busy hours are at risk.");
        page.Table(["", "requests#"],
            new[] { new[] { "eligible", Words.Count(status.Eligible) }, ["copied", Words.Count(status.Mirrored)], ["compared", Words.Count(status.Pairs)] }
                .Concat(status.Dropped.OrderByDescending(static drop => drop.Value).Select(static drop => new[] { $"dropped: {Words.Label(drop.Key)}", Words.Count(drop.Value) })));
        if (coverage is not null)
        {
            var bias = Math.Abs(coverage.LoadCorrelation);
            page.Element("p", $"Correlation of being dropped with load: {Words.Significant(coverage.LoadCorrelation)} ({(bias < 0.1 ? "no bias to see" : bias < 0.3 ? "some bias: busy times count less" : "biased: busy times count less")}).", bias >= 0.3 ? "class=\"warn\"" : "");
        }
        Figures(page, [], ("Compared, by load of the primary", ReportCharts.CoverageByLoad(coverage)));
        End(page);
    }

    public static void Slices(Html page, ShadowReport report)
    {
        if (report.Slices.Count < 2) return;
        Begin(page, $"Slices by {report.Settings.SliceParameter}", "Flagged: worse than the budget, with the share of false flags under control over all slices (e-BH).");
        page.Table(["slice", "pairs#", "disagreeing#", "rate and interval#", "log e-value#", ""], report.Slices.OrderByDescending(static slice => slice.Flagged).ThenByDescending(static slice => slice.Interval?.Estimate ?? 0).Select(static slice => new[]
        {
            slice.Name.Length == 0 ? "(none)" : slice.Name, Words.Count(slice.Pairs), Words.Count(slice.Disagreements), Words.Share(slice.Interval), Words.Significant(slice.LogE), slice.Flagged ? "flagged" : "",
        }));
        End(page);
    }

    public static void Settings(Html page, ShadowReport report)
    {
        Begin(page, "What was compared", "The exact files and settings: a verdict holds for these and no others.");
        page.Table(["side", "version#", "bytes#", "SHA-256"], new[] { ("primary", report.PrimaryFile), ("candidate", report.CandidateFile) }
            .Where(static side => side.Item2 is not null)
            .Select(static side => new[] { side.Item1, Words.Count(side.Item2.Version), Words.Count(side.Item2.Bytes), side.Item2.Sha256 }));
        page.Open("pre").Text(report.Settings.ToString() is { } compact ? JsonText.Indent(compact) : "").Close("pre");
        page.Element("p", $"Made {Words.Instant(report.CreatedAt)} by GrpcServing {report.ServerVersion}.", "class=\"quiet\"");
        End(page);
    }

    public static void Begin(Html page, string title, string lead) => page.Open("section").Element("h2", title).Element("p", lead, "class=\"quiet\"");

    public static void End(Html page) => page.Close("section");

    private static string Number(double? value) => value is { } number ? Words.Significant(number) : "–";

    private static void Figures(Html page, ReadOnlySpan<(string Name, string Color)> legend, params ReadOnlySpan<(string Title, string Svg)> figures)
    {
        page.Open("div", "class=\"figures\"");
        var any = false;
        foreach (var (title, svg) in figures)
        {
            if (svg.Length == 0) continue;
            any = true;
            page.Open("figure").Raw(svg).Open("figcaption");
            page.Text(title);
            foreach (var (name, color) in legend) page.Raw($"<i style=\"background:var({color})\"></i>").Text(name);
            page.Close("figcaption").Close("figure");
        }
        if (!any) page.Element("p", "Not enough pairs to plot yet.", "class=\"quiet\"");
        page.Close("div");
    }

    /// <summary>Numbers by value, names by letter.</summary>
    private sealed class ClassOrder : IComparer<string>
    {
        public static ClassOrder Instance { get; } = new();

        public int Compare(string? x, string? y) =>
            long.TryParse(x, out var left) && long.TryParse(y, out var right) ? left.CompareTo(right) : string.CompareOrdinal(x, y);
    }
}
