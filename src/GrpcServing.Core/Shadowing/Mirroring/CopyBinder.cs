using System.Collections.Immutable;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Shadowing;

/// <summary>Makes the request that the candidate runs from the one that the primary answered, over the same bytes.</summary>
/// <remarks>
/// Tensors are matched by name, and held against the candidate's spec as those of a request to it would be. The shadow's thread only: it
/// remembers the shape it saw last.
/// </remarks>
internal sealed class CopyBinder
{
    private readonly ModelSpec _primary;
    private readonly ModelSpec _candidate;
    private readonly ShapeTable _shapes;
    private readonly int[] _inputOf;
    private readonly int[] _outputOf;
    private readonly bool _sameInputs;
    private readonly ImmutableArray<RequestedOutput> _allOutputs;
    private ShapeBucket? _lastSeen;
    private int _lastRows;
    private Fit _lastFit;

    /// <param name="shapes">The candidate's.</param>
    public CopyBinder(ModelSpec primary, ModelSpec candidate, ShapeTable shapes)
    {
        _primary = primary;
        _candidate = candidate;
        _shapes = shapes;
        _inputOf = [.. candidate.Inputs.Select(input => primary.FindInput(input.Name))];
        _outputOf = [.. primary.Outputs.Select(output => candidate.FindOutput(output.Name))];
        _sameInputs = _inputOf.Length == primary.Inputs.Length && _inputOf.SequenceEqual(Enumerable.Range(0, _inputOf.Length));
        _allOutputs = Requested([.. Enumerable.Range(0, primary.Outputs.Length).Select(static output => new RequestedOutput(output, 0))]);
        if (_allOutputs.Length == candidate.Outputs.Length && _allOutputs.Select(static output => output.Output).SequenceEqual(Enumerable.Range(0, _allOutputs.Length))) _allOutputs = [];
        Mismatch = FindMismatch();
    }

    /// <summary>Why no request to the primary can be run by the candidate; null when it depends on the request.</summary>
    public string? Mismatch { get; }

    /// <summary>Binds a request to the candidate. Takes no reference: the result shares that of <paramref name="request"/> and must not outlive it.</summary>
    /// <returns>Null when it does not fit; <paramref name="reason"/> says why.</returns>
    public DecodedRequest? TryBind(DecodedRequest request, out string? reason)
    {
        reason = Mismatch;
        if (reason is not null) return null;
        var fit = FitOf(request);
        reason = fit.Reason;
        if (fit.Bucket is null) return null;
        return new DecodedRequest
        {
            Id = request.Id,
            Body = request.Body,
            Inputs = _sameInputs ? request.Inputs : Array.ConvertAll(_inputOf, input => request.Inputs[input]),
            Bucket = fit.Bucket,
            OwnRowDims = fit.Own,
            Rows = fit.Rows,
            Outputs = request.Outputs.IsEmpty ? _allOutputs : Requested(request.Outputs),
        };
    }

    private string? FindMismatch()
    {
        foreach (var input in _primary.Inputs)
            if (_candidate.FindInput(input.Name) < 0) return $"the candidate has no input '{input.Name}'";
        for (var i = 0; i < _inputOf.Length; i++)
        {
            var own = _candidate.Inputs[i];
            if (_inputOf[i] < 0) return $"the candidate needs an input '{own.Name}' that the primary does not have";
            var given = _primary.Inputs[_inputOf[i]];
            if (given.DataType != own.DataType) return $"input '{own.Name}' is {given.DataType.Name()} for the primary and {own.DataType.Name()} for the candidate";
        }
        return null;
    }

    /// <summary>Names that the candidate has; all that it has when it has none of them, so that the comparison says what is missing.</summary>
    private ImmutableArray<RequestedOutput> Requested(ImmutableArray<RequestedOutput> outputs) =>
        [.. outputs.Where(output => _outputOf[output.Output] >= 0).Select(output => new RequestedOutput(_outputOf[output.Output], 0))];

    private Fit FitOf(DecodedRequest request)
    {
        var isKnown = request.OwnRowDims is null && request.Bucket == _lastSeen && request.Rows == _lastRows;
        var fit = isKnown ? _lastFit : Find(request);
        if (request.OwnRowDims is null) (_lastSeen, _lastRows, _lastFit) = (request.Bucket, request.Rows, fit);
        return fit;
    }

    private Fit Find(DecodedRequest request)
    {
        var given = request.OwnRowDims ?? request.Bucket.RowDims;
        var rowDims = new long[_inputOf.Length][];
        var rows = 1;
        for (var i = 0; i < rowDims.Length; i++)
        {
            var input = _candidate.Inputs[i];
            long[] shape = _primary.HasBatchAxis ? [request.Rows, .. given[_inputOf[i]]] : given[_inputOf[i]];
            var row = shape;
            if (_candidate.HasBatchAxis)
            {
                if (shape.Length == 0) return Refuse(input, shape, "a batch axis");
                if (shape[0] < 1 || shape[0] > _candidate.MaxBatchSize) return Refuse(input, shape, $"1 to {_candidate.MaxBatchSize} rows");
                if (i > 0 && shape[0] != rows) return Refuse(input, shape, "as many rows as its other inputs");
                rows = (int)shape[0];
                row = shape[1..];
            }
            if (row.Length != input.Dims.Length || !row.Zip(input.Dims).All(static pair => pair.Second == -1 || pair.First == pair.Second))
                return Refuse(input, shape, $"rows of [{string.Join(',', input.Dims)}]");
            rowDims[i] = row;
        }
        if (_shapes.Only is { } only) return new Fit(only, null, rows, null);
        var bucket = _shapes.Fit(rowDims, out var own, out var conflict);
        return new Fit(bucket, own, rows, conflict is null ? null : $"inputs give the candidate's dimension '{conflict}' different sizes");
    }

    private static Fit Refuse(TensorSpec input, long[] shape, string expected) =>
        new(null, null, 0, $"input '{input.Name}' has shape [{string.Join(',', shape)}]; the candidate takes {expected}");

    private readonly record struct Fit(ShapeBucket? Bucket, long[][]? Own, int Rows, string? Reason);
}
