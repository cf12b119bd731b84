using GrpcServing.Execution;
using GrpcServing.Models;

namespace GrpcServing.Onnx;

/// <summary>Where a tensor of a batch lies in its region.</summary>
/// <param name="Shape">As the graph has it.</param>
/// <param name="Offset">Bytes from the start of the region.</param>
/// <param name="Bytes">0 for strings, which the runtime keeps itself.</param>
internal sealed record TensorPlace(long[] Shape, nuint Offset, long Bytes);

/// <summary>Shapes and places of all tensors of a batch. Pure arithmetic.</summary>
internal sealed class BatchLayout
{
    public BatchLayout(ModelSpec spec, ShapeBucket bucket, int rows)
    {
        Inputs = new TensorPlace[spec.Inputs.Length];
        for (var i = 0; i < Inputs.Length; i++)
        {
            (Inputs[i], InputBytes) = Place(spec.Inputs[i].DataType, Shape(spec, bucket.GraphRowDims[i], rows), InputBytes);
        }
        Outputs = new TensorPlace?[spec.Outputs.Length];
        OutputShapes = new long[]?[spec.Outputs.Length];
        for (var i = 0; i < Outputs.Length; i++)
        {
            var output = spec.Outputs[i];
            if (!IsKnown(spec, output)) continue;
            (Outputs[i], OutputBytes) = Place(output.DataType, Shape(spec, [.. output.GraphDims], rows), OutputBytes);
            OutputShapes[i] = Shape(spec, [.. output.Dims], rows);
        }
    }

    public TensorPlace[] Inputs { get; }

    /// <summary>Null where only the run tells.</summary>
    public TensorPlace?[] Outputs { get; }

    /// <summary>Shapes as a response has them; null where only the run tells.</summary>
    public long[]?[] OutputShapes { get; }

    public nuint InputBytes { get; private set; }

    public nuint OutputBytes { get; private set; }

    public bool AllOutputsKnown => !Outputs.Contains(null);

    /// <summary>False where the runtime has to allocate the output, and only the run tells its shape.</summary>
    private static bool IsKnown(ModelSpec spec, TensorSpec output)
    {
        // An open dimension may depend on the data.
        if (output.GraphDims.Contains(-1) || output.DataType == TensorDataType.Bytes) return false;
        // A scalar, or a tensor whose rank the graph leaves open: the runtime's metadata has the same word for both.
        if (output.GraphDims.IsEmpty && !spec.HasBatchAxis) return false;
        // An output that is an input: no node writes it, so memory bound to it would stay as it was.
        return spec.FindInput(output.Name) < 0;
    }

    private static long[] Shape(ModelSpec spec, long[] dims, int rows) => spec.HasBatchAxis ? [rows, .. dims] : dims;

    private static (TensorPlace Place, nuint End) Place(TensorDataType type, long[] shape, nuint start)
    {
        var bytes = checked(shape.Aggregate(1L, static (product, dim) => checked(product * dim)) * type.ElementSize());
        return (new TensorPlace(shape, start, bytes), NativeRegion.Align(start + (nuint)bytes));
    }
}
