using GrpcServing.Execution;
using GrpcServing.Models;
using Microsoft.Extensions.Time.Testing;

namespace GrpcServing.Tests.Models;

public class ModelFitterTests
{
    private readonly TimedRuntime _runtime = new();

    [Fact]
    public void Fit_LightModel_HasOneExecutorOfOneThread()
    {
        _runtime.Row = TimeSpan.FromMicroseconds(900);

        var fitted = Fit(cores: 8);

        Assert.Equal(new CoreSplit(1, 1), fitted.Cores);
        Assert.Equal([1], _runtime.Open);
        Assert.Equal(1, _runtime.Loads);
        Assert.Null(fitted.Copies);
    }

    [Fact]
    public void Fit_HeavyModelThatThreadsSpeedUp_RunsOnThem()
    {
        _runtime.Speedup = static threads => threads * 0.95;

        var fitted = Fit(cores: 2);

        Assert.Equal(new CoreSplit(1, 2), fitted.Cores);
        Assert.Equal([2], _runtime.Open);
        // Measured again: what one thread takes says nothing about two.
        Assert.Equal((long)(_runtime.Row.Ticks / 1.9), fitted.Latency.Estimate(0, 1));
        Assert.Equal(fitted.Latency.Estimate(0, 1), fitted.SingleRowTicks);
        Assert.Equal(2, fitted.Copies!.Slowdown);
        using var copies = fitted.Copies.Load();
        Assert.Equal([2, 1], _runtime.Open);
    }

    [Fact]
    public void Fit_HeavyModelThatThreadsHardlySpeedUp_HasAnExecutorForEachCore()
    {
        _runtime.Speedup = static threads => 1 + (threads - 1) * 0.6;

        var fitted = Fit(cores: 8);

        Assert.Equal(new CoreSplit(8, 1), fitted.Cores);
        Assert.Equal([1], _runtime.Open);
        Assert.Null(fitted.Copies);
    }

    [Theory]
    [InlineData(8, 1, 2)]
    [InlineData(0, 2, 1)]
    public void Fit_LargerBatchesCostLessARow_CountsForThreads(int millisecondsOfABatch, int instances, int threads)
    {
        // The executors' callers, each executor with its half of them, or all of them in batches of twice the rows.
        _runtime.Batch = TimeSpan.FromMilliseconds(millisecondsOfABatch);
        _runtime.Speedup = static many => many == 1 ? 1 : many * 0.8;

        Assert.Equal(new CoreSplit(instances, threads), Fit(cores: 2).Cores);
    }

    [Fact]
    public void Fit_ThreadsPayUpToSome_DividesTheCores()
    {
        _runtime.Speedup = static threads => threads <= 4 ? threads * 0.92 : threads * 0.5;

        Assert.Equal(new CoreSplit(2, 4), Fit(cores: 8).Cores);
        Assert.Equal([4], _runtime.Open);
    }

    [Fact]
    public void Fit_SomethingDisturbsTheFirstTrial_TriesAgain()
    {
        _runtime.Speedup = static threads => threads;
        _runtime.DisturbedRuns = 10;

        Assert.Equal(new CoreSplit(1, 2), Fit(cores: 2).Cores);
    }

    [Theory]
    [InlineData(3, 0, 3, 1)]
    [InlineData(0, 4, 2, 4)]
    [InlineData(1, 2, 1, 2)]
    public void Fit_Configured_TriesNothing(int instances, int threads, int expectedInstances, int expectedThreads)
    {
        _runtime.Speedup = static threads => threads;

        var fitted = Fit(cores: 8, new ExecutionConfiguration { Instances = instances, IntraOpThreads = threads });

        Assert.Equal(new CoreSplit(expectedInstances, expectedThreads), fitted.Cores);
        Assert.Equal(1, _runtime.Loads);
        Assert.Null(fitted.Copies);
    }

    [Fact]
    public void Fit_OrderIsPreserved_HasOneExecutor()
    {
        Assert.Equal(new CoreSplit(1, 1), Fit(cores: 4, batching: new BatchingConfiguration { PreserveOrdering = true }).Cores);
    }

    [Fact]
    public void Fit_SecondCopyWouldNotFit_TriesNothing()
    {
        _runtime.Speedup = static threads => threads;
        _runtime.ModelBytes = long.MaxValue / 2;

        Assert.Equal(new CoreSplit(2, 1), Fit(cores: 2).Cores);
        Assert.Equal(1, _runtime.Loads);
    }

    [Fact]
    public void Fit_FailsWithThreads_RunsWithoutThem()
    {
        _runtime.Speedup = static threads => threads;
        _runtime.FailsFrom = 4;

        Assert.Equal(new CoreSplit(4, 2), Fit(cores: 8).Cores);
        Assert.Equal([2], _runtime.Open);
    }

    private FittedModel Fit(int cores, ExecutionConfiguration? execution = null, BatchingConfiguration? batching = null)
    {
        TensorSpec x = new() { Name = "x", DataType = TensorDataType.Fp32, Dims = [1], GraphDims = [1] };
        var configuration = new ModelConfiguration
        {
            MaxBatchSize = 8,
            Inputs = [x],
            Outputs = [x with { Name = "y" }],
            Batching = batching ?? new BatchingConfiguration(),
            Execution = execution ?? new ExecutionConfiguration(),
        };
        var spec = ModelSpec.Create("timed", 1, configuration);
        return new ModelFitter(_runtime, _runtime.Time) { Cores = cores, MeasuresCpu = false }.Fit("model.onnx", spec, configuration, new ShapeTable(spec));
    }

    /// <summary>A runtime whose clock moves by what a run takes.</summary>
    private sealed class TimedRuntime : IModelRuntime
    {
        public FakeTimeProvider Time { get; } = new();

        public TimeSpan Row { get; set; } = TimeSpan.FromMilliseconds(4);

        /// <summary>Of each batch, however many rows it has.</summary>
        public TimeSpan Batch { get; set; }

        public Func<int, double> Speedup { get; set; } = static _ => 1;

        public long ModelBytes { get; set; }

        /// <summary>Runs with several threads that take three times as long before the others do not.</summary>
        public int DisturbedRuns { get; set; }

        public int FailsFrom { get; set; } = int.MaxValue;

        public int Loads { get; private set; }

        /// <summary>Threads of the models that are in memory.</summary>
        public List<int> Open { get; } = [];

        public string? CheckDevice(string device) => null;

        public GraphSpec Inspect(string modelFile) => throw new NotSupportedException();

        public ILoadedModel Load(string modelFile, ModelSpec spec, ExecutionConfiguration execution)
        {
            var threads = Math.Max(1, execution.IntraOpThreads);
            if (threads >= FailsFrom) throw new ModelLoadException("no such threads");
            Loads++;
            Open.Add(threads);
            return new TimedModel(this, threads);
        }

        private void Ran(int threads, int rows)
        {
            var ticks = (Batch.Ticks + (Row.Ticks * rows)) / Speedup(threads);
            if (threads > 1 && DisturbedRuns-- > 0) ticks *= 3;
            Time.Advance(TimeSpan.FromTicks((long)ticks));
        }

        private sealed class TimedModel(TimedRuntime runtime, int threads) : ILoadedModel
        {
            public long MemoryBytes => runtime.ModelBytes;

            public Executor CreateExecutor() => new TimedExecutor(runtime, threads);

            public void Dispose() => Assert.True(runtime.Open.Remove(threads));
        }

        private sealed class TimedExecutor(TimedRuntime runtime, int threads) : Executor
        {
            private int _rows;

            public override void Bind(ShapeBucket bucket, int rows) => _rows = rows;

            public override void Write(int input, long firstElement, ReadOnlySpan<byte> raw)
            {
                // Only time is of interest.
            }

            public override void Run() => runtime.Ran(threads, _rows);

            public override void Terminate() => throw new NotSupportedException();

            public override long[] OutputShape(int output) => throw new NotSupportedException();

            public override ReadOnlySpan<byte> OutputBytes(int output) => throw new NotSupportedException();

            protected override void Dispose(bool disposing)
            {
                // Holds nothing.
            }
        }
    }
}
