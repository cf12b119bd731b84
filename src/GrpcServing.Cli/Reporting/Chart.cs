using System.Text;
using OxyPlot;
using OxyPlot.Axes;

namespace GrpcServing.Reporting;

/// <summary>The look of every plot of the report, and its way into the page: SVG whose colours follow the page's light or dark.</summary>
/// <remarks>
/// The charting library knows fixed colours only, so each colour of the page has a stand-in, which is replaced by the page's variable when
/// the plot is exported.
/// </remarks>
internal static class Chart
{
    public static readonly OxyColor Ink = OxyColor.FromRgb(1, 2, 3);
    public static readonly OxyColor Faint = OxyColor.FromRgb(4, 5, 6);
    public static readonly OxyColor Primary = OxyColor.FromRgb(11, 12, 13);
    public static readonly OxyColor Candidate = OxyColor.FromRgb(21, 22, 23);
    public static readonly OxyColor Bad = OxyColor.FromRgb(31, 32, 33);
    public static readonly OxyColor Good = OxyColor.FromRgb(41, 42, 43);

    private const int Width = 560;
    private const int Height = 300;

    private static readonly (OxyColor StandIn, string Variable)[] Palette =
        [(Ink, "--ink"), (Faint, "--line"), (Primary, "--primary"), (Candidate, "--candidate"), (Bad, "--bad"), (Good, "--good")];

    public static PlotModel Create()
    {
        return new PlotModel
        {
            DefaultFont = "system-ui, sans-serif",
            DefaultFontSize = 12,
            TextColor = Ink,
            PlotAreaBorderThickness = new OxyThickness(0),
            Background = OxyColors.Transparent,
            PlotMargins = new OxyThickness(78, 8, 12, 46),
        };
    }

    public static T Styled<T>(T axis, AxisPosition position, string title, bool grid)
        where T : Axis
    {
        axis.Position = position;
        axis.Title = title;
        axis.AxisTitleDistance = 14;
        axis.TicklineColor = Faint;
        axis.MinorTickSize = 0;
        axis.AxislineStyle = LineStyle.Solid;
        axis.AxislineColor = Faint;
        axis.MajorGridlineStyle = grid ? LineStyle.Solid : LineStyle.None;
        axis.MajorGridlineColor = Faint;
        axis.IsZoomEnabled = false;
        return axis;
    }

    /// <param name="description">Read out instead of the picture.</param>
    public static string ToSvg(PlotModel model, string description, int height = Height)
    {
        using var buffer = new MemoryStream();
        new SvgExporter { Width = Width, Height = height, IsDocument = false, UseVerticalTextAlignmentWorkaround = true }.Export(model, buffer);
        var svg = new StringBuilder(Encoding.UTF8.GetString(buffer.ToArray()).TrimStart('\uFEFF'));
        foreach (var (standIn, variable) in Palette)
        {
            var color = $"rgb({standIn.R},{standIn.G},{standIn.B})";
            svg.Replace($"fill=\"{color}\"", $"style=\"fill:var({variable})\"").Replace(color, $"var({variable})");
        }
        var text = svg.ToString();
        text = text[text.IndexOf("<svg", StringComparison.Ordinal)..];
        var opening = $"<svg viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"{System.Net.WebUtility.HtmlEncode(description)}\"";
        return string.Concat(opening, text.AsSpan(text.IndexOf('>', StringComparison.Ordinal)));
    }
}
