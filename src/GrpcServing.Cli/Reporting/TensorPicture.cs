using System.Globalization;
using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Reporting;

/// <summary>Draws a numeric tensor that looks like an image as one: [h,w], [c,h,w], or a row of a square number of elements.</summary>
internal static class TensorPicture
{
    private const int Largest = 32;

    /// <summary>Null where it does not look like an image.</summary>
    public static string? TryDraw(TensorPreview tensor)
    {
        if (tensor.Truncated || !TryFindSize(tensor, out var height, out var width)) return null;
        var pixels = tensor.Numbers.Take(height * width).ToArray();
        var (low, high) = (pixels.Min(), pixels.Max());
        if (!double.IsFinite(low) || !double.IsFinite(high) || high <= low) return null;
        var svg = new System.Text.StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg class=\"pixels\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{System.Net.WebUtility.HtmlEncode(tensor.Name)} as an image\" shape-rendering=\"crispEdges\">");
        for (var i = 0; i < pixels.Length; i++)
        {
            var strength = (pixels[i] - low) / (high - low);
            if (strength < 0.02) continue;
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{i % width}\" y=\"{i / width}\" width=\"1\" height=\"1\" style=\"fill:var(--ink);fill-opacity:{strength:0.##}\"/>");
        }
        return svg.Append("</svg>").ToString();
    }

    private static bool TryFindSize(TensorPreview tensor, out int height, out int width)
    {
        (height, width) = (0, 0);
        // The first dimension counts rows; the picture is of the first.
        var row = tensor.Shape.Skip(1).ToArray();
        if (row is [var only] && (int)Math.Sqrt(only) is var side && side * side == only) (height, width) = (side, side);
        else if (row is [<= Largest and var h, <= Largest and var w]) (height, width) = ((int)h, (int)w);
        else if (row is [1 or 3, <= Largest and var rows, <= Largest and var columns]) (height, width) = ((int)rows, (int)columns);
        return height >= 4 && width >= 4 && height <= Largest && width <= Largest && tensor.Numbers.Count >= height * width;
    }
}
