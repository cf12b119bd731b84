using System.Collections.Immutable;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Responding;

/// <summary>The answer to a request: what the front ends write.</summary>
/// <remarks>Owns its result until <see cref="Release"/>: after writing it, or at the end of a call that never wrote it. Made on the thread that writes it.</remarks>
internal sealed class InferenceResponse : IWireMessage
{
    private readonly InferenceResult _result;
    private readonly ClassTensor?[]? _classes;
    private int _released;

    /// <param name="spec">Of the version that answered.</param>
    /// <param name="request">Its id and outputs are taken over, nothing else is kept.</param>
    /// <param name="result">One output for each that the request names, in its order; where it names none, all.</param>
    public InferenceResponse(ModelSpec spec, DecodedRequest request, InferenceResult result)
    {
        Spec = spec;
        Id = request.Id;
        _result = result;
        _classes = Classify(spec, request.Outputs, result);
    }

    /// <summary>Name and version of the model that answered.</summary>
    public ModelSpec Spec { get; }

    /// <summary>The caller's; "" when none was sent.</summary>
    public string Id { get; }

    public int OutputCount => _result.Outputs.Length;

    public string Name(int index) => Spec.Outputs[_result.Outputs[index].Output].Name;

    public TensorDataType DataType(int index) =>
        _classes?[index] is null ? Spec.Outputs[_result.Outputs[index].Output].DataType : TensorDataType.Bytes;

    /// <summary>Do not change.</summary>
    public long[] Shape(int index) => _classes?[index]?.Shape ?? _result.Outputs[index].Shape;

    /// <summary>The elements in raw form; valid until <see cref="Release"/>.</summary>
    public ReadOnlySpan<byte> Bytes(int index) => _classes?[index] is { } classes ? classes.Raw.Span : _result.Bytes(index);

    public long WireSize() => WireWriter.Size(this);

    public void WriteTo(ref WireOutput output) => WireWriter.Write(this, ref output);

    /// <summary>Gives the memory up, once; further calls do nothing.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0) _result.Release();
    }

    private static ClassTensor?[]? Classify(ModelSpec spec, ImmutableArray<RequestedOutput> outputs, InferenceResult result)
    {
        ClassTensor?[]? classes = null;
        for (var i = 0; i < outputs.Length; i++)
        {
            if (outputs[i].Classes == 0) continue;
            classes ??= new ClassTensor?[outputs.Length];
            classes[i] = Classification.Classify(
                spec.Outputs[outputs[i].Output], result.Outputs[i].Shape, result.Bytes(i), spec.HasBatchAxis, outputs[i].Classes);
        }
        return classes;
    }
}
