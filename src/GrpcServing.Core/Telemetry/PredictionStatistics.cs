using System.Collections.Immutable;
using System.Runtime.InteropServices;
using GrpcServing.Execution;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary>Counts what a classifier predicts, and how sure it is.</summary>
/// <remarks>
/// <para>
/// An output is taken for class scores when it is FP32, one row of it has 2 to <see cref="MaxClasses"/> elements along one dimension, and
/// either it has labels or its first <see cref="RowsToDecide"/> rows are all probabilities (none negative, sum 1). Anything else turns this
/// off for good, at the cost of one row.
/// </para>
/// <para>
/// At most <see cref="MaxNamed"/> classes are told apart; the others count together. Of more classes, the most frequent are named as the
/// numbers are read, and stay named. What a class counted before it was named stays with the others, so no count ever falls.
/// </para>
/// <para>Any thread. Budget: about a nanosecond per score and 0 B.</para>
/// </remarks>
public sealed class PredictionStatistics
{
    public const int MaxClasses = 16_384;
    public const int MaxNamed = 50;
    public const int RowsToDecide = 32;

    // A class is named once it was predicted this often: the first rows of a day say little about which classes are frequent.
    private const int RowsToName = 100;
    private const int Chunk = 64;

    private readonly Lock _lock = new();
    private readonly int _output;
    private readonly ImmutableArray<string> _labels;
    private readonly long[] _counts;
    private readonly Dictionary<int, long> _named = [];
    private readonly Distribution _confidence = new(Buckets.Confidence);
    private long _notNumbers;
    private int _rowsSeen;
    private volatile bool _areProbabilities = true;

    private PredictionStatistics(int output, int classes, ImmutableArray<string> labels)
    {
        _output = output;
        _labels = labels;
        _counts = new long[classes];
        if (classes > MaxNamed) return;
        for (var i = 0; i < classes; i++) _named.Add(i, 0);
    }

    public int Classes => _counts.Length;

    private bool IsOff => !_areProbabilities && _labels.IsEmpty;

    /// <returns>Null where no output can be class scores.</returns>
    public static PredictionStatistics? TryCreate(ModelSpec spec)
    {
        if (!spec.HasBatchAxis) return null;
        for (var output = 0; output < spec.Outputs.Length; output++)
        {
            var tensor = spec.Outputs[output];
            if (tensor.DataType != TensorDataType.Fp32 || !tensor.IsFixed) continue;
            var classes = tensor.ElementsPerRow;
            if (classes is >= 2 and <= MaxClasses && tensor.Dims.Contains(classes)) return new PredictionStatistics(output, (int)classes, tensor.Labels);
        }
        return null;
    }

    /// <summary>A run ended; its outputs are there.</summary>
    /// <param name="rows">Rows that somebody asked for; they come first.</param>
    public void Record(Executor executor, int rows)
    {
        if (IsOff) return;
        var scores = MemoryMarshal.Cast<byte, float>(executor.OutputBytes(_output));
        if (scores.Length < rows * Classes) return;
        for (var row = 0; row < rows; row += Chunk) Record(scores.Slice(row * Classes, Math.Min(Chunk, rows - row) * Classes));
    }

    private void Record(ReadOnlySpan<float> scores)
    {
        var rows = scores.Length / Classes;
        Span<int> predicted = stackalloc int[Chunk];
        Span<float> confidence = stackalloc float[Chunk];
        for (var row = 0; row < rows; row++)
        {
            var one = scores.Slice(row * Classes, Classes);
            if (_rowsSeen < RowsToDecide && _areProbabilities && !AreProbabilities(one)) _areProbabilities = false;
            if (IsOff) return;
            predicted[row] = IndexOfLargest(one);
            confidence[row] = predicted[row] < 0 ? 0 : one[predicted[row]];
        }
        lock (_lock)
        {
            _rowsSeen = Math.Min(RowsToDecide, _rowsSeen + rows);
            for (var row = 0; row < rows; row++)
            {
                if (predicted[row] < 0)
                {
                    _notNumbers++;
                    continue;
                }
                _counts[predicted[row]]++;
                if (_areProbabilities) _confidence.Add(confidence[row]);
            }
        }
    }

    /// <returns>Null while it is not known whether the output is class scores, and when it is not.</returns>
    public PredictionSnapshot? Snapshot()
    {
        lock (_lock)
        {
            if (_labels.IsEmpty && (IsOff || _rowsSeen < RowsToDecide)) return null;
            NameFrequent();
            var classes = _named.OrderBy(static named => named.Key)
                .Select(named => new ClassCount(named.Key, named.Key < _labels.Length ? _labels[named.Key] : "", _counts[named.Key] - named.Value)).ToImmutableArray();
            return new PredictionSnapshot(classes, _counts.Sum() - classes.Sum(static named => named.Rows), _notNumbers, _areProbabilities ? _confidence.Snapshot() : null);
        }
    }

    private void NameFrequent()
    {
        if (_named.Count == Math.Min(MaxNamed, Classes)) return;
        var frequent = Enumerable.Range(0, Classes).Where(index => _counts[index] >= RowsToName && !_named.ContainsKey(index))
            .OrderByDescending(index => _counts[index]).Take(MaxNamed - _named.Count).ToArray();
        foreach (var index in frequent) _named.Add(index, _counts[index]);
    }

    private static bool AreProbabilities(ReadOnlySpan<float> scores)
    {
        var sum = 0.0;
        foreach (var score in scores)
        {
            if (!(score >= 0)) return false;
            sum += score;
        }
        return Math.Abs(sum - 1) <= 1e-3;
    }

    /// <returns>The first of the largest; -1 where one is no number.</returns>
    private static int IndexOfLargest(ReadOnlySpan<float> scores)
    {
        var largest = 0;
        for (var i = 0; i < scores.Length; i++)
        {
            if (float.IsNaN(scores[i])) return -1;
            if (scores[i] > scores[largest]) largest = i;
        }
        return largest;
    }
}

/// <param name="Index">Of the class in the output.</param>
/// <param name="Name">Its label; "" when the model has none. Not unique.</param>
public readonly record struct ClassCount(int Index, string Name, long Rows);

/// <param name="Classes">Ascending by index.</param>
/// <param name="Other">Rows of all classes that are not told apart.</param>
/// <param name="NotNumbers">Rows with a score that is no number.</param>
/// <param name="Confidence">Null where the scores are no probabilities.</param>
public sealed record PredictionSnapshot(ImmutableArray<ClassCount> Classes, long Other, long NotNumbers, DistributionSnapshot? Confidence);
