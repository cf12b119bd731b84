using System.Globalization;
using System.Text;

namespace GrpcServing.LoadGenerator;

/// <summary>Scenarios side by side: medians over their rounds, and goodput as the median of the ratios to the first within a round.</summary>
internal static class LoadTable
{
    /// <param name="reports">Round by round, in every round the same scenarios in the same order.</param>
    /// <param name="scenarios">How many there are.</param>
    public static string Write(IReadOnlyList<LoadReport> reports, int scenarios)
    {
        var rounds = reports.Chunk(scenarios).ToArray();
        var text = new StringBuilder("| | requests/s | on time | goodput/s | of the first | p50 ms | p99 ms | p99.9 ms | client lag p99 ms |\n|---|---|---|---|---|---|---|---|---|\n");
        for (var i = 0; i < scenarios; i++)
        {
            double Of(Func<LoadReport, double> value) => Median.Of(rounds.Select(round => value(round[i])));
            var ratio = Median.Of(rounds.Select(round => round[i].GoodputPerSecond / round[0].GoodputPerSecond));
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {rounds[0][i].Name} | {Of(static report => report.Rate):0} | {Of(static report => report.OnTimeFraction):P2} | {Of(static report => report.GoodputPerSecond):0.0} | {ratio:0.000} | {Of(static report => report.LatencyMilliseconds.P50):0.00} | {Of(static report => report.LatencyMilliseconds.P99):0.00} | {Of(static report => report.LatencyMilliseconds.P999):0.00} | {Of(static report => report.SendLagP99Milliseconds):0.00} |");
        }
        return text.ToString();
    }
}
