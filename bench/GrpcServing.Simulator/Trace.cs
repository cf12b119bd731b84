namespace GrpcServing.Simulator;

/// <summary>Requests in order of arrival.</summary>
internal static class Trace
{
    public static Arrival[] Read(string path, int maxRows)
    {
        var arrivals = new List<Arrival>();
        var last = double.NegativeInfinity;
        foreach (var (line, values) in CsvFile.Read(path, "arrival,deadline,rows"))
        {
            var (at, deadline, rows) = (values[0], values[1], (int)values[2]);
            if (at < 0) throw new InputException($"{path}:{line}: arrival must be at least 0 seconds, found {at}.");
            if (at < last) throw new InputException($"{path}:{line}: arrivals must be sorted, found {at} after {last}.");
            if (deadline < at) throw new InputException($"{path}:{line}: deadline must be an instant not before the arrival {at}, found {deadline}.");
            if (rows != values[2] || rows < 1 || rows > maxRows)
                throw new InputException($"{path}:{line}: rows must be an integer from 1 to {maxRows}, the largest size of the profile, found {values[2]}.");
            last = at;
            arrivals.Add(new Arrival(Profile.ToTicks(at), Profile.ToTicks(deadline), rows));
        }
        return [.. arrivals];
    }

    /// <summary>Mean time from arrival to deadline, in nanoseconds.</summary>
    public static double MeanSlack(Arrival[] trace) => trace.Length == 0 ? 0 : trace.Average(static arrival => (double)(arrival.Deadline - arrival.At));
}
