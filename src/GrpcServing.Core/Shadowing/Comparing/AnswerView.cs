using GrpcServing.Execution;

namespace GrpcServing.Shadowing;

/// <summary>The outputs of one answer, from wherever they come: a lane, or a stored capture.</summary>
/// <param name="body">The protocol's raw form of all outputs. The caller keeps it alive during the comparison.</param>
/// <param name="outputs">Where each lies in <paramref name="body"/>.</param>
internal readonly ref struct AnswerView(ReadOnlySpan<byte> body, ReadOnlySpan<OutputSlice> outputs)
{
    private readonly ReadOnlySpan<byte> _body = body;

    public ReadOnlySpan<OutputSlice> Outputs { get; } = outputs;

    public ReadOnlySpan<byte> Bytes(in OutputSlice output) => _body.Slice(output.Offset, output.Length);

    /// <summary>Holds no reference of its own on the answer's body.</summary>
    public static AnswerView Of(InferenceResult answer) => new(answer.Body.GetSpan(), answer.Outputs);

    /// <summary>The output with this index in its spec.</summary>
    public bool TryFind(int output, out OutputSlice slice)
    {
        foreach (ref readonly var candidate in Outputs)
        {
            if (candidate.Output != output) continue;
            slice = candidate;
            return true;
        }
        slice = default;
        return false;
    }
}
