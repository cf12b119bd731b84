using System.Collections.Immutable;
using GrpcServing.Batching;
using GrpcServing.Models;

namespace GrpcServing.Execution;

/// <summary>Runs a freshly loaded model before anybody waits for it: its configured warm-up requests, then a sweep that measures l(b).</summary>
/// <remarks>One thread, which has the executor to itself. Measured on zeros: the time of a dense model does not depend on the values.</remarks>
/// <param name="measuresCpu">As <see cref="ExecutionConfiguration.RunsOnOneThread"/>.</param>
internal sealed class WarmUp(ModelSpec spec, Executor executor, bool measuresCpu, TimeProvider time)
{
    // Enough for the whole table of a model of a few milliseconds; a slower one is measured for its small batches and learns the rest in use.
    private static readonly TimeSpan SweepBudget = TimeSpan.FromSeconds(1);
    private const int RunsPerSize = 4;

    /// <summary>Runs the warm-up requests of the configuration.</summary>
    /// <exception cref="ModelLoadException">One of them failed: the model is not fit to serve.</exception>
    public void RunConfigured(ImmutableArray<WarmupRequest> requests, ShapeTable shapes)
    {
        foreach (var request in requests)
        {
            try
            {
                for (var i = 0; i < request.Count; i++) Run(request, shapes);
            }
            catch (Exception failure) when (failure is ExecutionException or IOException)
            {
                throw new ModelLoadException($"model_warmup '{request.Name}' of model '{spec.Name}' version {spec.Version} failed: {failure.Message}", failure);
            }
        }
    }

    /// <summary>Measures batches of growing size into the table, of every row shape that is known before a request has come.</summary>
    /// <remarks>Those are the one shape of a model of fixed size, or the sizes that all open dimensions are padded to. Leaves the table empty where there are none or zeros are no valid input.</remarks>
    /// <returns>Ticks of a batch of one row, the largest of them; 0 when it could not be measured.</returns>
    public long Sweep(ShapeTable shapes, LatencyTable latency)
    {
        var buckets = Buckets(shapes);
        var single = 0L;
        foreach (var bucket in buckets) single = Math.Max(single, Sweep(bucket, SweepBudget / buckets.Count, latency));
        return single;
    }

    private long Sweep(ShapeBucket bucket, TimeSpan budget, LatencyTable latency)
    {
        var rows = 0;
        long single = 0;
        try
        {
            var end = time.GetTimestamp() + (long)(budget.TotalSeconds * time.TimestampFrequency);
            foreach (var size in BatchSizes.UpTo(Math.Max(1, spec.MaxBatchSize)))
            {
                rows = size;
                var best = Measure(bucket, size, latency);
                if (size == 1) single = best;
                // A larger batch takes at most its share more: stop where the next size would overrun the budget.
                if (time.GetTimestamp() + (2 * RunsPerSize * best) > end) break;
            }
        }
        catch (ExecutionException) when (rows == 1)
        {
            return 0;
        }
        catch (ExecutionException failure)
        {
            throw new ModelLoadException($"Model '{spec.Name}' version {spec.Version} fails on a batch of {rows} rows though it runs on one: set maxBatchSize to what it takes. {failure.Message}", failure);
        }
        return single;
    }

    /// <summary>The row shapes that are known before a request has come, ascending. Padded dimensions grow together: the first size of each, the second of each, and so on.</summary>
    public List<ShapeBucket> Buckets(ShapeTable shapes)
    {
        if (shapes.Only is { } only) return [only];
        if (spec.Inputs.Any(input => input.Dims.Where((dim, axis) => dim == -1 && !(axis < input.DimNames.Length && spec.Padding.ContainsKey(input.DimNames[axis]))).Any())) return [];
        var buckets = new List<ShapeBucket>();
        for (var step = 0; step < spec.Padding.Values.Max(static sizes => sizes.Length); step++)
            buckets.Add(shapes.Get([.. spec.Inputs.Select(input => Dims(input, step))]));
        return buckets;
    }

    private long[] Dims(TensorSpec input, int step) => [.. input.Dims.Select((dim, axis) =>
    {
        if (dim != -1) return dim;
        var sizes = spec.Padding[input.DimNames[axis]];
        return sizes[Math.Min(step, sizes.Length - 1)];
    })];

    /// <summary>Ticks of one run on zeros.</summary>
    /// <exception cref="ExecutionException">It failed.</exception>
    public long Time(ShapeBucket bucket, int rows) => RunZeros(bucket, rows).Ticks;

    private long Measure(ShapeBucket bucket, int rows, LatencyTable latency)
    {
        var best = long.MaxValue;
        for (var run = 0; run < RunsPerSize; run++)
        {
            var (ticks, cost) = RunZeros(bucket, rows);
            // The first run of a size also makes its memory.
            if (run > 0) latency.Observe(bucket.Id, rows, ticks, cost > 0 ? cost : ticks);
            best = Math.Min(best, ticks);
        }
        return best;
    }

    /// <returns>Cost: processor time of the model alone; 0 when it is not measured.</returns>
    private (long Ticks, long Cost) RunZeros(ShapeBucket bucket, int rows)
    {
        var started = time.GetTimestamp();
        executor.Bind(bucket, rows);
        for (var input = 0; input < spec.Inputs.Length; input++) WriteZeros(input, bucket.RowElements[input] * rows);
        var processor = measuresCpu ? ThreadClock.Nanoseconds() : 0;
        executor.Run();
        var cost = processor > 0 ? ThreadClock.ToTicks(ThreadClock.Nanoseconds() - processor, time) : 0;
        return (time.GetTimestamp() - started, cost);
    }

    private void Run(WarmupRequest request, ShapeTable shapes)
    {
        var dims = spec.Inputs.Select(input => request.Inputs[input.Name].Dims.ToArray()).ToArray();
        var bucket = shapes.Get(dims);
        var rows = Math.Max(1, request.BatchSize);
        executor.Bind(bucket, rows);
        for (var input = 0; input < spec.Inputs.Length; input++)
        {
            var tensor = request.Inputs[spec.Inputs[input].Name];
            var elements = bucket.RowElements[input] * rows;
            switch (tensor.Source)
            {
                case WarmupSource.Zero:
                    WriteZeros(input, elements);
                    break;
                case WarmupSource.Random:
                    executor.Write(input, 0, RandomElements(tensor.DataType, elements));
                    break;
                default:
                    WriteFile(input, tensor, bucket.RowElements[input], rows);
                    break;
            }
        }
        executor.Run();
    }

    private void WriteFile(int input, WarmupTensor tensor, long rowElements, int rows)
    {
        var content = File.ReadAllBytes(tensor.File);
        var expected = tensor.DataType == TensorDataType.Bytes ? content.Length : checked((int)(rowElements * tensor.DataType.ElementSize()));
        if (content.Length != expected)
            throw new ExecutionException($"input file '{tensor.File}' has {content.Length} bytes; one row of '{spec.Inputs[input].Name}' takes {expected}", terminated: false);
        for (var row = 0; row < rows; row++) executor.Write(input, rowElements * row, content);
    }

    private void WriteZeros(int input, long elements)
    {
        // An empty string is a length of zero: four zero bytes an element.
        var size = spec.Inputs[input].DataType is TensorDataType.Bytes ? sizeof(uint) : spec.Inputs[input].DataType.ElementSize();
        executor.Write(input, 0, new byte[checked(elements * size)]);
    }

    /// <summary>Numbers between 0 and 1, bits for integers and booleans, empty strings: as Triton's random data, valid for every model that takes zeros.</summary>
    private static byte[] RandomElements(TensorDataType type, long elements)
    {
        var random = new Random(1);
        var raw = new byte[checked(elements * (type == TensorDataType.Bytes ? sizeof(uint) : type.ElementSize()))];
        for (var i = 0; i < elements; i++)
        {
            switch (type)
            {
                case TensorDataType.Fp32:
                    BitConverter.TryWriteBytes(raw.AsSpan(i * 4), random.NextSingle());
                    break;
                case TensorDataType.Fp64:
                    BitConverter.TryWriteBytes(raw.AsSpan(i * 8), random.NextDouble());
                    break;
                case TensorDataType.Fp16:
                    BitConverter.TryWriteBytes(raw.AsSpan(i * 2), (Half)random.NextSingle());
                    break;
                case TensorDataType.Bf16:
                    BitConverter.TryWriteBytes(raw.AsSpan(i * 2), (ushort)(BitConverter.SingleToUInt32Bits(random.NextSingle()) >> 16));
                    break;
                case TensorDataType.Bytes:
                    break;
                default:
                    raw[i * type.ElementSize()] = (byte)random.Next(2);
                    break;
            }
        }
        return raw;
    }
}
