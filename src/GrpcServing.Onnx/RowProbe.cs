using System.Collections.Immutable;
using GrpcServing.Models;
using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Onnx;

/// <summary>Finds out by running whether the first dimension of a model counts rows that do not influence each other.</summary>
/// <remarks>
/// A name such as "batch" promises nothing, and an unnamed dimension may well be one: so three rows are run one by one, then together in two
/// orders. Only when every output has as many rows as went in and each row answers as it did alone may the server batch unasked.
/// </remarks>
internal sealed class RowProbe(InferenceSession session, ImmutableArray<GraphTensor> inputs, ImmutableArray<GraphTensor> outputs)
{
    private const int Rows = 3;

    // Sizes tried for the other open dimensions: what a model takes depends on its convolutions and reshapes.
    private static readonly ImmutableArray<long> OpenSizes = [8, 1, 4, 16, 32];

    public bool Run()
    {
        if (inputs.IsEmpty || outputs.IsEmpty) return false;
        if (!inputs.Concat(outputs).All(static tensor => tensor.Dims is [-1, ..])) return false;
        var sizes = inputs.Any(static input => input.Dims.AsSpan()[1..].Contains(-1)) ? OpenSizes : OpenSizes[..1];
        foreach (var size in sizes)
        {
            try
            {
                return IsIndependent(size);
            }
            catch (OnnxRuntimeException)
            {
                // This size does not fit the model; another may.
            }
        }
        return false;
    }

    private bool IsIndependent(long openSize)
    {
        var rows = Enumerable.Range(0, Rows).Select(row => inputs.Select(input => ProbeTensor.Random(input, openSize, seed: row)).ToArray()).ToArray();
        var alone = rows.Select(row => Run([row])).ToArray();
        foreach (var order in (int[][])[[0, 1, 2], [2, 0, 1]])
        {
            var together = Run([.. order.Select(row => rows[row])]);
            for (var output = 0; output < outputs.Length; output++)
            {
                if (together[output].Rows != Rows || alone.Any(single => single[output].Rows != 1)) return false;
                for (var i = 0; i < Rows; i++)
                    if (!together[output].RowEquals(i, alone[order[i]][output])) return false;
            }
        }
        return true;
    }

    private ProbeResult[] Run(ProbeTensor[][] rows)
    {
        var values = new List<OrtValue>();
        try
        {
            for (var input = 0; input < inputs.Length; input++) values.Add(ProbeTensor.Stack([.. rows.Select(row => row[input])]));
            using var options = new RunOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            using var results = session.Run(options, session.InputNames, values, session.OutputNames);
            return [.. results.Select(static result => ProbeResult.Of(result))];
        }
        finally
        {
            foreach (var value in values) value.Dispose();
        }
    }
}
