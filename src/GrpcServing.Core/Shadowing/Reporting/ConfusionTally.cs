namespace GrpcServing.Shadowing;

/// <summary>Rows by the class that the primary gave and the class that the candidate gave. The shadow's thread only.</summary>
/// <remarks>Bounded by <see cref="MaxCells"/>: a model of many classes fills them with the commonest mistakes first; the rest count as <see cref="Other"/>.</remarks>
internal sealed class ConfusionTally
{
    public const int MaxCells = 1024;

    /// <summary>Stands for every class beyond the bound, on both sides.</summary>
    public const int Other = -2;

    private readonly Dictionary<(int Primary, int Candidate), long> _cells = [];

    /// <summary>Index of the output that names the classes; -1 while there is none.</summary>
    public int Output { get; private set; } = -1;

    /// <summary>By (primary, candidate): rows.</summary>
    public IReadOnlyDictionary<(int Primary, int Candidate), long> Cells => _cells;

    public void Add(PairComparison pair)
    {
        if (pair.ClassOutput < 0) return;
        Output = pair.ClassOutput;
        for (var row = 0; row < pair.Rows; row++)
        {
            var cell = (pair.PrimaryClasses[row], pair.CandidateClasses[row]);
            if (!_cells.ContainsKey(cell) && _cells.Count >= MaxCells) cell = (Other, Other);
            _cells[cell] = _cells.GetValueOrDefault(cell) + 1;
        }
    }
}
