namespace GrpcServing.Simulator;

/// <summary>What a device takes for a batch of b rows: the truth of a simulation. Ticks are nanoseconds.</summary>
/// <remarks>Sizes between two given ones are on the line between them; below the smallest they cost as much as the smallest. Then made monotone by padding, for every policy alike.</remarks>
internal sealed class Profile
{
    public const long TicksPerSecond = 1_000_000_000;

    private readonly long[] _ticks;
    private readonly int[] _padded;

    /// <param name="points">By rows, ascending.</param>
    public Profile(IReadOnlyList<(int Rows, double Seconds)> points)
    {
        MaxRows = points[^1].Rows;
        _ticks = new long[MaxRows + 1];
        _padded = new int[MaxRows + 1];
        var (left, next) = (points[0], 0);
        for (var rows = 1; rows <= MaxRows; rows++)
        {
            if (rows > points[next].Rows) left = points[next++];
            var right = points[next];
            var seconds = right.Rows == left.Rows ? right.Seconds
                : left.Seconds + (right.Seconds - left.Seconds) * (rows - left.Rows) / (right.Rows - left.Rows);
            if (rows < points[0].Rows) seconds = points[0].Seconds;
            _ticks[rows] = ToTicks(seconds);
        }
        for (var rows = MaxRows; rows >= 1; rows--)
        {
            var larger = rows < MaxRows && _ticks[rows + 1] < _ticks[rows];
            _padded[rows] = larger ? _padded[rows + 1] : rows;
            if (larger) _ticks[rows] = _ticks[rows + 1];
        }
    }

    public int MaxRows { get; }

    public static long ToTicks(double seconds) => (long)Math.Round(seconds * TicksPerSecond);

    public static Profile Read(string path)
    {
        var points = new List<(int, double)>();
        var last = 0;
        foreach (var (line, values) in CsvFile.Read(path, "rows,seconds"))
        {
            var rows = (int)values[0];
            if (rows != values[0] || rows < 1 || rows > 65536) throw new InputException($"{path}:{line}: rows must be an integer from 1 to 65536, found {values[0]}.");
            if (rows <= last) throw new InputException($"{path}:{line}: rows must ascend, found {rows} after {last}.");
            if (values[1] <= 0) throw new InputException($"{path}:{line}: seconds must be above 0, found {values[1]}.");
            last = rows;
            points.Add((rows, values[1]));
        }
        if (points.Count == 0) throw new InputException($"{path}:2: expected at least one line rows,seconds after the header.");
        return new Profile(points);
    }

    public static Profile Linear(double perRow, double constant, int maxRows) =>
        new([.. Enumerable.Range(1, maxRows).Select(rows => (rows, perRow * rows + constant))]);

    /// <summary>l'(b), monotone.</summary>
    public long Ticks(int rows) => _ticks[rows];

    public int PaddedRows(int rows) => _padded[rows];
}
