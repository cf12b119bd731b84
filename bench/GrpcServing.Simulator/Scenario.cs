namespace GrpcServing.Simulator;

/// <param name="Slacks">Seconds from arrival to deadline.</param>
/// <param name="Rows">Of a request.</param>
internal sealed record Scenario(string Name, Profile Profile, double[] Slacks, int[] Rows, int Executors)
{
    /// <summary>Requests per second at load 1.0: the largest rate that one can promise to serve whole.</summary>
    public double SteadyRate
    {
        get
        {
            var slack = Slacks.Average() * Profile.TicksPerSecond;
            var best = 0.0;
            for (var rows = 1; rows <= Profile.MaxRows; rows++)
                if (rows == 1 || 2 * Profile.Ticks(rows) <= slack) best = Math.Max(best, rows / (double)Profile.Ticks(rows));
            return best * Profile.TicksPerSecond * Executors / Rows.Average();
        }
    }
}
