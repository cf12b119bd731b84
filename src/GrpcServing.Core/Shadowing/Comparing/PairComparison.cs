namespace GrpcServing.Shadowing;

/// <summary>What one pair showed. Made by <see cref="PairComparer"/>, which uses it again: read it before the next comparison.</summary>
/// <remarks>Its arrays grow to the largest request seen and are then used again: no allocation per pair.</remarks>
internal sealed class PairComparison
{
    /// <summary>No class: the output has none, or a value of the row is not finite.</summary>
    public const int NoClass = -1;

    private readonly OutputComparison[] _outputs;
    private bool[] _disagreeing = [];
    private int[] _primaryClasses = [];
    private int[] _candidateClasses = [];

    public PairComparison(int outputs)
    {
        _outputs = new OutputComparison[outputs];
        for (var i = 0; i < outputs; i++) _outputs[i] = new OutputComparison();
    }

    public int Rows { get; private set; }

    public int RowsDisagreeing { get; private set; }

    /// <summary>The 0 or 1 of this pair in the verdict: any row disagrees. The unit is the request, whose rows are dependent.</summary>
    public bool Disagrees => RowsDisagreeing > 0;

    /// <summary>All outputs' faults together; not <see cref="CandidateFaults.None"/> makes the pair a 1 of the fault guard.</summary>
    public CandidateFaults Faults { get; private set; }

    /// <summary>By index of the primary spec's outputs; one that the request did not ask for has no rows.</summary>
    public ReadOnlySpan<OutputComparison> Outputs => _outputs;

    /// <summary>Per row, whether any output disagrees.</summary>
    public ReadOnlySpan<bool> DisagreeingRows => _disagreeing.AsSpan(0, Rows);

    /// <summary>Index of the output that <see cref="PrimaryClasses"/> come from, the first with one class per row; -1 when there is none.</summary>
    public int ClassOutput { get; private set; }

    /// <summary>Per row, the primary's class or <see cref="NoClass"/>; <see cref="PairComparer.ClassName"/> puts it in words.</summary>
    public ReadOnlySpan<int> PrimaryClasses => _primaryClasses.AsSpan(0, Rows);

    /// <summary>Per row, the candidate's class or <see cref="NoClass"/>, as after a fault.</summary>
    public ReadOnlySpan<int> CandidateClasses => _candidateClasses.AsSpan(0, Rows);

    internal void Begin(int rows)
    {
        if (_disagreeing.Length < rows)
        {
            var capacity = Math.Max(rows, 2 * _disagreeing.Length);
            (_disagreeing, _primaryClasses, _candidateClasses) = (new bool[capacity], new int[capacity], new int[capacity]);
        }
        (Rows, RowsDisagreeing, Faults, ClassOutput) = (rows, 0, CandidateFaults.None, -1);
        _disagreeing.AsSpan(0, rows).Clear();
        _primaryClasses.AsSpan(0, rows).Fill(NoClass);
        _candidateClasses.AsSpan(0, rows).Fill(NoClass);
        foreach (var output in _outputs) output.Clear();
    }

    internal void Disagree(int row)
    {
        if (_disagreeing[row]) return;
        _disagreeing[row] = true;
        RowsDisagreeing++;
    }

    internal void DisagreeEverywhere()
    {
        _disagreeing.AsSpan(0, Rows).Fill(true);
        RowsDisagreeing = Rows;
    }

    internal void Fault(CandidateFaults fault) => Faults |= fault;

    /// <summary>True when <paramref name="output"/> is the one that names the classes; the first to ask becomes it.</summary>
    internal bool ClaimClasses(int output)
    {
        if (ClassOutput < 0) ClassOutput = output;
        return ClassOutput == output;
    }

    internal void SetClasses(int row, int primary, int candidate) => (_primaryClasses[row], _candidateClasses[row]) = (primary, candidate);
}
