namespace GrpcServing.Execution;

/// <summary>Where one output lies in <see cref="InferenceResult.Body"/>.</summary>
/// <param name="Output">Index into the spec's outputs.</param>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes, in the protocol's raw form.</param>
/// <param name="Shape">Full shape, the batch axis included where the model has one. Shared; do not change.</param>
public readonly record struct OutputSlice(int Output, int Offset, int Length, long[] Shape);

/// <summary>The outputs of one request: exactly its own rows.</summary>
/// <remarks>Holds one reference on <see cref="Body"/>; whoever writes the response calls <see cref="Release"/> once, written or not.</remarks>
public sealed class InferenceResult(TensorBuffer body, OutputSlice[] outputs)
{
    public TensorBuffer Body { get; } = body;

    /// <summary>In the order of the request's outputs, or of the spec where it named none.</summary>
    public OutputSlice[] Outputs { get; } = outputs;

    public ReadOnlySpan<byte> Bytes(int index) => Body.Slice(Outputs[index].Offset, Outputs[index].Length);

    public void Release() => Body.Release();
}
