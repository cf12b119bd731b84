using System.Collections.Immutable;
using GrpcServing.Execution;

namespace GrpcServing.Routing;

/// <summary>Where the elements of one input lie in <see cref="DecodedRequest.Body"/>.</summary>
public readonly record struct InputSlice(int Offset, int Length);

/// <summary>One output that the caller asked for.</summary>
/// <param name="Output">Index into the spec's outputs.</param>
/// <param name="Classes">0 for the tensor itself; k for the top k classes of each row as text (classification extension).</param>
public readonly record struct RequestedOutput(int Output, int Classes);

/// <summary>A request that fits its model: every name, datatype, shape and byte count has been checked.</summary>
/// <remarks>
/// <para>Immutable. Holds one reference on <see cref="Body"/>, which <see cref="Release"/> gives up; whoever decoded it calls that once.</para>
/// <para>A lane that outlives the call (a batch in flight, a shadow) takes its own reference on the body.</para>
/// </remarks>
public sealed class DecodedRequest
{
    /// <summary>The caller's id, echoed in the response; "" when none was sent.</summary>
    public required string Id { get; init; }

    /// <summary>Elements of all inputs in the protocol's raw form. Never null; a model without inputs has an empty one.</summary>
    public required TensorBuffer Body { get; init; }

    /// <summary>Per input of the spec, in the spec's order.</summary>
    public required InputSlice[] Inputs { get; init; }

    /// <summary>Row shape of every input, as it runs.</summary>
    public required ShapeBucket Bucket { get; init; }

    /// <summary>Per input, the row shape of the body where it is padded to that of the bucket; null when both are the same.</summary>
    public long[][]? OwnRowDims { get; init; }

    /// <summary>Rows along the batch axis, at least 1 and at most the model's batch limit; 1 without a batch axis. A request without rows was refused.</summary>
    public required int Rows { get; init; }

    /// <summary>What the response holds, in the order asked; empty = every output in the spec's order.</summary>
    public ImmutableArray<RequestedOutput> Outputs { get; init; } = [];

    /// <summary>Priority level the caller named, 1 = first; 0 = none named.</summary>
    public int Priority { get; init; }

    /// <summary>The caller's <c>timeout</c> parameter in microseconds; 0 = none.</summary>
    public long TimeoutMicroseconds { get; init; }

    /// <summary>Everything the caller named beside its tensors; empty unless the decoder was told to keep it: a shadow or a capture wants it.</summary>
    public ImmutableArray<RequestParameter> Parameters { get; init; } = [];

    /// <summary>Bytes of all inputs together.</summary>
    public int InputBytes
    {
        get
        {
            var bytes = 0;
            foreach (var input in Inputs) bytes += input.Length;
            return bytes;
        }
    }

    public ReadOnlySpan<byte> Input(int index) => Body.Slice(Inputs[index].Offset, Inputs[index].Length);

    public void Release() => Body.Release();
}
