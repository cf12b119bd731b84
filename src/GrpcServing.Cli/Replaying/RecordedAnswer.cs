using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Protos;
using GrpcServing.Shadowing;

namespace GrpcServing.Replaying;

/// <summary>An answer as it came over the wire, in the form that the comparison of the lane takes.</summary>
internal sealed class RecordedAnswer
{
    private readonly byte[] _body;
    private readonly OutputSlice[] _outputs;

    private RecordedAnswer(byte[] body, OutputSlice[] outputs) => (_body, _outputs) = (body, outputs);

    public AnswerView View => new(_body, _outputs);

    /// <param name="spec">Outputs that it does not have are left out: the comparison knows them by its index.</param>
    public static RecordedAnswer Of(ModelInferResponse response, ModelSpec spec)
    {
        var body = new byte[response.RawOutputContents.Sum(static raw => raw.Length)];
        var outputs = new List<OutputSlice>();
        var offset = 0;
        for (var i = 0; i < Math.Min(response.Outputs.Count, response.RawOutputContents.Count); i++)
        {
            var raw = response.RawOutputContents[i];
            raw.Span.CopyTo(body.AsSpan(offset));
            if (spec.FindOutput(response.Outputs[i].Name) is >= 0 and var index) outputs.Add(new OutputSlice(index, offset, raw.Length, [.. response.Outputs[i].Shape]));
            offset += raw.Length;
        }
        return new RecordedAnswer(body, [.. outputs]);
    }
}
