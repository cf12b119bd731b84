using System.Globalization;
using GrpcServing.Execution;
using GrpcServing.Models;

namespace GrpcServing.Shadowing;

/// <summary>Compares the answers of one primary and one candidate, pair after pair.</summary>
/// <remarks>
/// <para>Outputs are matched by name. One that the primary did not give (the request did not ask for it) is not compared; one that only the
/// candidate has is ignored; one that it lacks, or has with another datatype or shape, is a fault of the candidate and never an exception.</para>
/// <para>One thread, and one instance per pair of versions. No allocation per pair once the longest row, the most rows and the text
/// labels have been seen. The control pair has a comparer of its own, with the primary's spec on both sides.</para>
/// </remarks>
internal sealed class PairComparer
{
    private readonly ModelSpec _primary;
    private readonly int[] _candidateOutputs;
    private readonly bool[] _sameDataType;
    private readonly OutputComparer[] _comparers;
    private readonly ClassNames _names = new();
    private readonly ComparisonScratch _scratch = new();
    private readonly PairComparison _comparison;

    /// <param name="options">Valid for the primary: <see cref="ComparatorOptions.Failures(ModelSpec)"/> gives none.</param>
    public PairComparer(ModelSpec primary, ModelSpec candidate, ComparatorOptions options)
    {
        _primary = primary;
        _comparison = new PairComparison(primary.Outputs.Length);
        _candidateOutputs = [.. primary.Outputs.Select(output => candidate.FindOutput(output.Name))];
        _sameDataType = [.. primary.Outputs.Select((output, i) => _candidateOutputs[i] is >= 0 and var at && candidate.Outputs[at].DataType == output.DataType)];
        _comparers = [.. primary.Outputs.Select((output, i) => OutputComparer.For(output, i, options.For(output.Name), _names))];
    }

    /// <summary>Index in the candidate's spec of the primary's output, or -1: what a mirrored request that names outputs asks the candidate for.</summary>
    public int CandidateOutput(int primaryOutput) => _candidateOutputs[primaryOutput];

    /// <inheritdoc cref="Compare(in AnswerView, in AnswerView, int)"/>
    public PairComparison Compare(InferenceResult primary, InferenceResult candidate, int rows) => Compare(AnswerView.Of(primary), AnswerView.Of(candidate), rows);

    /// <param name="rows">Of the request, at least 1.</param>
    /// <returns>The same object each time: read it before the next comparison.</returns>
    public PairComparison Compare(in AnswerView primary, in AnswerView candidate, int rows)
    {
        _comparison.Begin(rows);
        foreach (ref readonly var output in primary.Outputs) Compare(primary, candidate, output, rows);
        return _comparison;
    }

    /// <summary>The pair whose candidate answered with an error. The lane counts only errors of the candidate's own, not those of its slack: a run ended for a primary's sake is no pair.</summary>
    public PairComparison CandidateFailed(int rows)
    {
        _comparison.Begin(rows);
        _comparison.Fault(CandidateFaults.ErrorStatus);
        _comparison.DisagreeEverywhere();
        return _comparison;
    }

    /// <summary>The pair whose primary answered with an error, which says nothing about the candidate's outputs: they disagree when only one of them failed.</summary>
    public PairComparison PrimaryFailed(int rows, bool candidateFailed)
    {
        _comparison.Begin(rows);
        if (!candidateFailed) _comparison.DisagreeEverywhere();
        return _comparison;
    }

    /// <summary>What a class of <see cref="PairComparison.PrimaryClasses"/> is called.</summary>
    /// <param name="output">The <see cref="PairComparison.ClassOutput"/> of that comparison.</param>
    public string ClassName(int output, int number)
    {
        var spec = _primary.Outputs[output];
        if (number < 0) return "none";
        if (spec.DataType == TensorDataType.Bytes) return _names[number];
        return number < spec.Labels.Length ? spec.Labels[number] : number.ToString(CultureInfo.InvariantCulture);
    }

    private void Compare(in AnswerView primary, in AnswerView candidate, in OutputSlice output, int rows)
    {
        var metrics = _comparison.Outputs[output.Output];
        var fault = FaultOf(primary, candidate, output, rows, out var other, out var elements);
        if (fault != CandidateFaults.None)
        {
            metrics.Faults = fault;
            metrics.Rows = metrics.RowsDisagreeing = rows;
            _comparison.Fault(fault);
            _comparison.DisagreeEverywhere();
            return;
        }
        if (elements == 0) return;

        _comparers[output.Output].Compare(new OutputPair
        {
            DataType = _primary.Outputs[output.Output].DataType,
            Primary = primary.Bytes(output),
            Candidate = candidate.Bytes(other),
            Rows = rows,
            ElementsPerRow = (int)(elements / rows),
            VectorLength = VectorLength(output.Shape),
        }, _comparison, metrics, _scratch);
    }

    private CandidateFaults FaultOf(in AnswerView primary, in AnswerView candidate, in OutputSlice output, int rows, out OutputSlice other, out long elements)
    {
        (other, elements) = (default, 1);
        var at = _candidateOutputs[output.Output];
        if (at < 0 || !candidate.TryFind(at, out other)) return CandidateFaults.MissingOutput;
        if (!_sameDataType[output.Output]) return CandidateFaults.DataType;
        if (!output.Shape.AsSpan().SequenceEqual(other.Shape)) return CandidateFaults.Shape;

        foreach (var dim in output.Shape) elements *= dim;
        var type = _primary.Outputs[output.Output].DataType;
        var sound = elements % rows == 0 && Elements.MakeUp(type, primary.Bytes(output), elements) && Elements.MakeUp(type, candidate.Bytes(other), elements);
        return sound ? CandidateFaults.None : CandidateFaults.Shape;
    }

    private int VectorLength(ReadOnlySpan<long> shape)
    {
        var first = _primary.HasBatchAxis ? 1 : 0;
        for (var i = shape.Length - 1; i >= first; i--)
            if (shape[i] != 1) return (int)shape[i];
        return 1;
    }
}
