using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace GrpcServing.Baselines;

/// <summary>What the model gives without a server: one thread runs batches of one size from memory that is bound once.</summary>
internal static class InProcess
{
    private static readonly int[] AllSizes = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];

    /// <summary>Writes a line "batch size, rows per second" for each size; the time is shared among the sizes.</summary>
    public static void Measure(string file, TimeSpan time, int[] sizes)
    {
        if (sizes.Length == 0) sizes = AllSizes;
        using var session = ModelSessions.Open(file);
        foreach (var rows in sizes) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows},{RowsPerSecond(session, rows, time / sizes.Length):0.0}"));
    }

    private static double RowsPerSecond(InferenceSession session, int rows, TimeSpan length)
    {
        using var options = new RunOptions();
        using var binding = session.CreateIoBinding();
        using var input = Tensor(session.InputMetadata[session.InputNames[0]], rows);
        using var output = Tensor(session.OutputMetadata[session.OutputNames[0]], rows);
        binding.BindInput(session.InputNames[0], input);
        binding.BindOutput(session.OutputNames[0], output);
        session.RunWithBinding(options, binding);

        var time = TimeProvider.System;
        var (started, runs, elapsed) = (time.GetTimestamp(), 0, TimeSpan.Zero);
        // One look at the clock for several short runs.
        for (var atOnce = 1; elapsed < length; elapsed = time.GetElapsedTime(started))
        {
            for (var i = 0; i < atOnce; i++) session.RunWithBinding(options, binding);
            runs += atOnce;
            if (elapsed < length / 100) atOnce *= 2;
        }
        return runs * rows / elapsed.TotalSeconds;
    }

    /// <summary>An FP32 tensor of so many rows, filled with numbers from 0 to 1.</summary>
    private static OrtValue Tensor(NodeMetadata node, int rows)
    {
        long[] shape = [rows, .. node.Dimensions.Skip(1).Select(static dim => (long)dim)];
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, shape);
        var random = new Random(1);
        foreach (ref var element in MemoryMarshal.Cast<byte, float>(value.GetTensorMutableRawData())) element = random.NextSingle();
        return value;
    }
}
