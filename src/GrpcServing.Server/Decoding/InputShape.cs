using GrpcServing.Models;

namespace GrpcServing.Decoding;

/// <summary>Checks the shape of one input against the model, and counts what it claims to hold.</summary>
internal static class InputShape
{
    /// <summary>Every dimension is given, and each is what the model takes; the number of rows is not looked at.</summary>
    public static ServingError Check(ReadOnlySpan<long> shape, TensorSpec tensor, ModelSpec spec)
    {
        foreach (var dimension in shape)
        {
            if (dimension >= 0) continue;
            return dimension == -1 ? Refusals.OpenDimension(tensor, shape, spec) : Refusals.NegativeDimension(tensor, shape, dimension, spec);
        }

        var axes = spec.HasBatchAxis ? 1 : 0;
        if (shape.Length != tensor.Dims.Length + axes) return Refusals.UnexpectedShape(tensor, shape, spec);
        for (var i = 0; i < tensor.Dims.Length; i++)
            if (tensor.Dims[i] != -1 && tensor.Dims[i] != shape[i + axes]) return Refusals.UnexpectedShape(tensor, shape, spec);
        return ServingError.None;
    }

    /// <summary>The product of the dimensions.</summary>
    /// <returns>False when a partial product does not fit.</returns>
    public static bool TryCountElements(ReadOnlySpan<long> shape, out long elements)
    {
        elements = 1;
        foreach (var dimension in shape)
            if (!TryMultiply(elements, dimension, out elements)) return false;
        return true;
    }

    /// <param name="left">Not negative.</param>
    /// <param name="right">Not negative.</param>
    public static bool TryMultiply(long left, long right, out long product)
    {
        product = unchecked(left * right);
        return right == 0 || left <= long.MaxValue / right;
    }
}
