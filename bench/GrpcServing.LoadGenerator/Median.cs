namespace GrpcServing.LoadGenerator;

internal static class Median
{
    /// <summary>NaN values do not count.</summary>
    /// <returns>NaN when there are none.</returns>
    public static double Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(static value => !double.IsNaN(value)).Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
