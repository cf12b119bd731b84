using System.Globalization;

namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>One window of one contender. NaN = not measured, or there is no such thing.</summary>
/// <param name="Run">Contenders of the same run, model, concurrency and round were measured one right after the other.</param>
/// <param name="PerSecond">Answers with status OK; rows for the model alone.</param>
/// <param name="CpuMicroseconds">CPU time of the server process for each answer.</param>
/// <param name="P50Microseconds">Median time of a request, as the client sees it.</param>
/// <param name="AllocatedBytes">Managed bytes for each answer.</param>
/// <param name="Failed">Fraction of the requests that were answered with an error.</param>
internal sealed record Sample(
    string Run, string Model, int Concurrency, string Contender, int Round,
    double PerSecond, double CpuMicroseconds, double P50Microseconds, double RowsPerBatch, double AllocatedBytes, double Gen2Collections, double Failed)
{
    public const string Header = "run,model,concurrency,contender,round,per_second,cpu_us,p50_us,rows_per_batch,allocated_bytes,gen2,failed";

    public string ToLine() => string.Create(CultureInfo.InvariantCulture,
        $"{Run},{Model},{Concurrency},{Contender},{Round},{PerSecond:0.00},{CpuMicroseconds:0.000},{P50Microseconds:0.0},{RowsPerBatch:0.00},{AllocatedBytes:0.0},{Gen2Collections:0},{Failed:0.0000}");

    public static Sample Parse(string line)
    {
        var fields = line.Split(',');
        if (fields.Length != Header.Split(',').Length) throw new FormatException($"A line of samples must be {Header}, not {line}");
        double At(int index) => double.Parse(fields[index], NumberStyles.Float, CultureInfo.InvariantCulture);
        return new Sample(fields[0], fields[1], (int)At(2), fields[3], (int)At(4), At(5), At(6), At(7), At(8), At(9), At(10), At(11));
    }

    public static IReadOnlyList<Sample> Read(string file) => [.. File.ReadLines(file).Skip(1).Select(Parse)];

    /// <summary>Adds a line to a file, which gets its header when it is new.</summary>
    public void AppendTo(string file) => File.AppendAllLines(file, File.Exists(file) ? [ToLine()] : [Header, ToLine()]);
}
