using GrpcServing.Protos.Admin.V1;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace GrpcServing.Reporting;

/// <summary>The plots of a report, each as SVG; "" where there is nothing to plot.</summary>
internal static class ReportCharts
{
    /// <summary>The disagreement rate and its confidence sequence over the pairs.</summary>
    public static string Disagreement(ShadowReport report)
    {
        var points = report.Series.Where(static point => point.Disagreement is not null && point.Pairs > 0).ToArray();
        if (points.Length < 2) return "";
        var budget = report.Settings.DisagreementBudget;
        var model = Chart.Create();
        model.Axes.Add(Pairs(points));
        // The first intervals span everything; what is read is the neighbourhood of the budget.
        var top = Math.Max(3 * budget, 1.5 * points[^1].Disagreement.Upper);
        model.Axes.Add(Chart.Styled(new LinearAxis { Minimum = 0, Maximum = Math.Min(1, top), LabelFormatter = Words.Share }, AxisPosition.Left, "disagreeing pairs", grid: true));
        model.Series.Add(Band(points, static point => point.Disagreement));
        model.Series.Add(Line(points, static point => point.Disagreement.Estimate));
        model.Annotations.Add(Level(budget, "budget"));
        return Chart.ToSvg(model, $"Disagreement rate over {Words.Count(points[^1].Pairs)} pairs: {Words.Share(points[^1].Disagreement)}, budget {Words.Share(budget)}");
    }

    /// <summary>The evidence against "the rate is exactly the budget", and where it decides.</summary>
    public static string Evidence(ShadowReport report)
    {
        var points = report.Series.Where(static point => point.Pairs > 0).ToArray();
        if (points.Length < 2) return "";
        var threshold = Math.Log(1 / report.Settings.Alpha);
        var model = Chart.Create();
        model.Axes.Add(Pairs(points));
        model.Axes.Add(Chart.Styled(new LinearAxis { Minimum = Math.Min(-1, points.Min(static point => point.LogE)), Maximum = Math.Max(1.3 * threshold, points.Max(static point => point.LogE)) }, AxisPosition.Left, "log e-value", grid: true));
        model.Series.Add(Line(points, static point => point.LogE));
        model.Annotations.Add(Level(threshold, "decision"));
        return Chart.ToSvg(model, $"Logarithm of the e-value over the pairs, now {Words.Significant(points[^1].LogE)}; a decision at {Words.Significant(threshold)}");
    }

    /// <summary>Execution time per row, candidate over primary, over the pairs.</summary>
    public static string ExecutionRatio(ShadowReport report)
    {
        var points = report.Series.Where(static point => point.ExecutionRatio is { Estimate: > 0 }).ToArray();
        if (points.Length < 2) return "";
        var limit = report.Settings.MaxExecutionRatio;
        var model = Chart.Create();
        model.Axes.Add(Pairs(points));
        var last = points[^1].ExecutionRatio;
        model.Axes.Add(Chart.Styled(new LinearAxis { Minimum = Math.Max(0, Math.Min(0.8, 0.9 * last.Lower)), Maximum = Math.Max(1.2 * limit, 1.1 * last.Upper), LabelFormatter = static value => $"{Words.Significant(value)}x" }, AxisPosition.Left, "time per row, candidate / primary", grid: true));
        model.Series.Add(Band(points, static point => point.ExecutionRatio));
        model.Series.Add(Line(points, static point => point.ExecutionRatio.Estimate));
        model.Annotations.Add(Level(limit, "limit"));
        return Chart.ToSvg(model, $"Ratio of execution time per row: {Words.Ratio(last)}, limit {Words.Significant(limit)}x");
    }

    /// <summary>How long a row takes, both sides, at one batch size.</summary>
    public static string Execution(ExecutionTimes times)
    {
        if (Total(times.Primary) == 0 && Total(times.Candidate) == 0) return "";
        var model = Chart.Create();
        model.Axes.Add(Chart.Styled(new LogarithmicAxis { LabelFormatter = Words.Seconds }, AxisPosition.Bottom, "execution time per row", grid: false));
        model.Axes.Add(Chart.Styled(new LinearAxis { Minimum = 0, LabelFormatter = Words.Share }, AxisPosition.Left, "share", grid: true));
        AddSteps(model, times.Primary, Chart.Primary);
        AddSteps(model, times.Candidate, Chart.Candidate);
        return Chart.ToSvg(model, $"Execution time per row in batches of {times.BatchRows} rows: mean {Words.Seconds(Mean(times.Primary))} for the primary, {Words.Seconds(Mean(times.Candidate))} for the candidate", height: 240);
    }

    /// <summary>What share of the eligible requests was compared, by load of the primary.</summary>
    public static string CoverageByLoad(Coverage? coverage)
    {
        if (coverage is null || coverage.Bands.Count == 0) return "";
        var labels = coverage.Bands.Select(static band => $"≤ {Words.Significant(band.Load)}/s");
        return Bars(labels, coverage.Bands.Select(static band => band.Eligible == 0 ? 0 : (double)band.Compared / band.Eligible), "compared", Words.Share, 1,
            $"Share compared by load, from {Words.Share(Share(coverage.Bands[0]))} at the lowest to {Words.Share(Share(coverage.Bands[^1]))} at the highest");
    }

    public static double Mean(Histogram? histogram) => Total(histogram) is > 0 and var total ? histogram!.Sum / total : 0;

    private static double Share(CoverageBand band) => band.Eligible == 0 ? 0 : (double)band.Compared / band.Eligible;

    private static long Total(Histogram? histogram) => histogram?.Counts.Sum() ?? 0;

    private static LinearAxis Pairs(SeriesPoint[] points) =>
        Chart.Styled(new LinearAxis { Minimum = 0, Maximum = Math.Max(1, points[^1].Pairs), StringFormat = "#,0" }, AxisPosition.Bottom, "pairs", grid: false);

    private static AreaSeries Band(SeriesPoint[] points, Func<SeriesPoint, Interval> interval)
    {
        var band = new AreaSeries { Fill = Chart.Faint, Color = OxyColors.Transparent, Color2 = OxyColors.Transparent };
        foreach (var point in points)
        {
            band.Points.Add(new DataPoint(point.Pairs, interval(point).Lower));
            band.Points2.Add(new DataPoint(point.Pairs, interval(point).Upper));
        }
        return band;
    }

    private static LineSeries Line(SeriesPoint[] points, Func<SeriesPoint, double> value)
    {
        var line = new LineSeries { Color = Chart.Candidate, StrokeThickness = 2 };
        line.Points.AddRange(points.Select(point => new DataPoint(point.Pairs, value(point))));
        return line;
    }

    private static LineAnnotation Level(double at, string text) => new()
    {
        Type = LineAnnotationType.Horizontal,
        Y = at,
        Color = Chart.Bad,
        LineStyle = LineStyle.Dash,
        Text = text,
        TextColor = Chart.Bad,
        TextHorizontalAlignment = HorizontalAlignment.Left,
        TextLinePosition = 0.02,
    };

    private static void AddSteps(PlotModel model, Histogram? histogram, OxyColor color)
    {
        var total = Total(histogram);
        if (total == 0) return;
        var steps = new StairStepSeries { Color = color, StrokeThickness = 2 };
        var first = histogram!.Counts.TakeWhile(static count => count == 0).Count();
        var last = histogram.Counts.Count - histogram.Counts.Reverse().TakeWhile(static count => count == 0).Count();
        for (var i = Math.Max(1, first - 1); i <= Math.Min(last, histogram.Bounds.Count); i++)
            steps.Points.Add(new DataPoint(histogram.Bounds[i - 1], i < histogram.Counts.Count ? (double)histogram.Counts[i] / total : 0));
        model.Series.Add(steps);
    }

    private static string Bars(IEnumerable<string> labels, IEnumerable<double> values, string title, Func<double, string> format, double maximum, string description)
    {
        var model = Chart.Create();
        model.PlotMargins = new OxyThickness(110, 8, 12, 42);
        var categories = Chart.Styled(new CategoryAxis { StartPosition = 1, EndPosition = 0, GapWidth = 0.3 }, AxisPosition.Left, "", grid: false);
        categories.Labels.AddRange(labels);
        model.Axes.Add(categories);
        model.Axes.Add(Chart.Styled(new LinearAxis { Minimum = 0, Maximum = maximum, LabelFormatter = format }, AxisPosition.Bottom, title, grid: true));
        var bars = new BarSeries { FillColor = Chart.Candidate, StrokeThickness = 0 };
        bars.Items.AddRange(values.Select(static value => new BarItem(value)));
        model.Series.Add(bars);
        return Chart.ToSvg(model, description, height: Math.Clamp(60 + (34 * categories.Labels.Count), 160, 420));
    }
}
