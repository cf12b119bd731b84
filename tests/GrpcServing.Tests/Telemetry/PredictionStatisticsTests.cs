using System.Runtime.InteropServices;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Telemetry;

namespace GrpcServing.Tests.Telemetry;

public sealed class PredictionStatisticsTests
{
    [Fact]
    public void Record_Probabilities_CountsClassesAndConfidenceOnceItIsSure()
    {
        var predictions = Create(classes: 3);
        Record(predictions, 3, PredictionStatistics.RowsToDecide - 1, static _ => [0.2f, 0.7f, 0.1f]);
        Assert.Null(predictions.Snapshot());
        Record(predictions, 3, 1, static _ => [0.5f, 0.25f, 0.25f]);

        var snapshot = predictions.Snapshot()!;

        Assert.Equal([1, PredictionStatistics.RowsToDecide - 1, 0], snapshot.Classes.Select(static one => one.Rows));
        Assert.Equal(PredictionStatistics.RowsToDecide, snapshot.Confidence!.Count);
        Assert.Equal((0.7 * 31) + 0.5, snapshot.Confidence.Sum, 5);
    }

    [Theory]
    [InlineData(2f, 3f)]
    [InlineData(-0.5f, 1.5f)]
    [InlineData(float.NaN, 1f)]
    public void Record_RowsThatAreNoProbabilities_TurnsItOffForGood(float first, float second)
    {
        var predictions = Create(classes: 2);
        Record(predictions, 2, 1, _ => [first, second]);
        Record(predictions, 2, 1000, static _ => [0.5f, 0.5f]);

        Assert.Null(predictions.Snapshot());
    }

    [Fact]
    public void Record_LogitsOfALabelledOutput_CountsClassesWithoutConfidence()
    {
        var predictions = Create(classes: 2, "cat", "dog");
        Record(predictions, 2, 5, static row => row == 4 ? [float.NaN, 1] : [3, -1]);

        var snapshot = predictions.Snapshot()!;

        Assert.Equal([new ClassCount(0, "cat", 4), new ClassCount(1, "dog", 0)], snapshot.Classes);
        Assert.Equal(1, snapshot.NotNumbers);
        Assert.Null(snapshot.Confidence);
    }

    [Fact]
    public void Snapshot_OfThousandsOfClasses_NamesTheFrequentAndNeverFalls()
    {
        var random = new Random(7);
        var predictions = Create(classes: 2000);
        var last = new Dictionary<string, long>();
        var rows = 0;
        for (var round = 0; round < 60; round++)
        {
            // Other classes are frequent as time goes on.
            Record(predictions, 2000, 512, _ => OneHot(2000, random.Next(4) == 0 ? random.Next(2000) : (round / 4 * 8) + random.Next(8)));
            rows += 512;
            var snapshot = predictions.Snapshot()!;
            foreach (var (key, count) in snapshot.Classes.Select(static one => ($"{one.Index}", one.Rows)).Append(("other", snapshot.Other)))
            {
                Assert.True(count >= last.GetValueOrDefault(key), $"{key} fell from {last.GetValueOrDefault(key)} to {count}");
                last[key] = count;
            }
            Assert.Equal(rows, snapshot.Other + snapshot.Classes.Sum(static one => one.Rows));
            Assert.InRange(snapshot.Classes.Length, 0, PredictionStatistics.MaxNamed);
        }
        Assert.Equal(PredictionStatistics.MaxNamed, last.Count - 1);
    }

    [Fact]
    public void TryCreate_OfOutputsThatCannotBeScores_IsNull()
    {
        Assert.Null(Try(new TensorSpec { Name = "y", DataType = TensorDataType.Int64, Dims = [10], GraphDims = [10] }));
        Assert.Null(Try(new TensorSpec { Name = "y", DataType = TensorDataType.Fp32, Dims = [1], GraphDims = [1] }));
        Assert.Null(Try(new TensorSpec { Name = "y", DataType = TensorDataType.Fp32, Dims = [-1], GraphDims = [-1] }));
        Assert.Null(Try(new TensorSpec { Name = "y", DataType = TensorDataType.Fp32, Dims = [3, 32, 32], GraphDims = [3, 32, 32] }));
        Assert.Null(Try(new TensorSpec { Name = "y", DataType = TensorDataType.Fp32, Dims = [PredictionStatistics.MaxClasses + 1], GraphDims = [PredictionStatistics.MaxClasses + 1] }));
        Assert.NotNull(Try(new TensorSpec { Name = "y", DataType = TensorDataType.Fp32, Dims = [1, 10], GraphDims = [1, 10] }));
    }

    [Fact]
    public void Record_AllocatesNothing()
    {
        var predictions = Create(classes: 10);
        using var executor = new FixedScores(200, static _ => OneHot(10, 3), 10);
        predictions.Record(executor, 200);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) predictions.Record(executor, 200);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static float[] OneHot(int classes, int index)
    {
        var scores = new float[classes];
        scores[index] = 1;
        return scores;
    }

    private static void Record(PredictionStatistics predictions, int classes, int rows, Func<int, float[]> row)
    {
        using var executor = new FixedScores(rows, row, classes);
        predictions.Record(executor, rows);
    }

    private static PredictionStatistics Create(int classes, params string[] labels) => Try(new TensorSpec { Name = "y", DataType = TensorDataType.Fp32, Dims = [classes], GraphDims = [classes], Labels = [.. labels] })!;

    private static PredictionStatistics? Try(TensorSpec output) => PredictionStatistics.TryCreate(new ModelSpec { Name = "m", Version = 1, Inputs = [], Outputs = [output], MaxBatchSize = 8 });

    /// <summary>An executor whose outputs are there.</summary>
    private sealed class FixedScores : Executor
    {
        private readonly float[] _scores;
        private readonly long[] _shape;

        public FixedScores(int rows, Func<int, float[]> row, int classes)
        {
            _scores = [.. Enumerable.Range(0, rows).SelectMany(row)];
            _shape = [rows, classes];
        }

        public override void Bind(ShapeBucket bucket, int rows) => throw new NotSupportedException();

        public override void Write(int input, long firstElement, ReadOnlySpan<byte> raw) => throw new NotSupportedException();

        public override void Run() => throw new NotSupportedException();

        public override void Terminate() => throw new NotSupportedException();

        public override long[] OutputShape(int output) => _shape;

        public override ReadOnlySpan<byte> OutputBytes(int output) => MemoryMarshal.AsBytes<float>(_scores);

        protected override void Dispose(bool disposing)
        {
            // Nothing is held.
        }
    }
}
