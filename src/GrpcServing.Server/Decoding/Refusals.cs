using System.Text;
using GrpcServing.Models;
using static System.FormattableString;

namespace GrpcServing.Decoding;

/// <summary>What a caller is told about a request that does not fit: every message of <see cref="RequestDecoder"/>.</summary>
/// <remarks>
/// The first sentences are those of Triton where Triton has the case: clients' tests and dashboards match them. What a caller sent is
/// clipped, because a message travels in a trailer, which has to stay small.
/// </remarks>
internal static class Refusals
{
    private const int MaxListed = 16;

    public static ServingError WithId(ServingError error, string id) =>
        id.Length == 0 ? error : error with { Message = $"[request id: {CallerText.Clip(id)}] {error.Message}" };

    public static ServingError InputCount(UncheckedRequest request, ModelSpec spec)
    {
        var given = new List<string>();
        foreach (ref readonly var input in request.Inputs) given.Add(input.Name);
        var missing = spec.Inputs.Select(static input => input.Name).Except(given);
        return ServingError.Invalid(
            Invariant($"expected {spec.Inputs.Length} inputs but got {request.InputCount} inputs for model '{spec.Name}'. ") +
            $"Got input(s) [{List(given)}], but missing required input(s) [{List(missing)}]. Please provide all required input(s).");
    }

    public static ServingError UnexpectedInput(string input, ModelSpec spec) => ServingError.Invalid(
        $"unexpected inference input '{CallerText.Clip(input)}' for model '{spec.Name}'. The model's inputs are [{List(spec.Inputs.Select(static known => known.Name))}].");

    public static ServingError DuplicateInput(string input, ModelSpec spec) =>
        ServingError.Invalid($"input '{CallerText.Clip(input)}' was given more than once for model '{spec.Name}'. Give every input once.");

    public static ServingError UnexpectedOutput(string output, ModelSpec spec) => ServingError.Invalid(
        $"unexpected inference output '{CallerText.Clip(output)}' for model '{spec.Name}'. The model's outputs are [{List(spec.Outputs.Select(static known => known.Name))}].");

    public static ServingError DuplicateOutput(string output, ModelSpec spec) =>
        ServingError.Invalid($"output '{CallerText.Clip(output)}' was requested more than once for model '{spec.Name}'. Request every output once.");

    public static ServingError SharedMemory(string kind, string tensor, string parameter, ModelSpec spec) => new(
        ErrorReason.Unsupported,
        $"{kind} '{CallerText.Clip(tensor)}' for model '{spec.Name}' refers to shared memory (parameter '{CallerText.Clip(parameter)}'), which this server does not offer. " +
        "Send and receive tensors in the messages.");

    public static ServingError DataType(in UncheckedInput input, TensorSpec tensor, ModelSpec spec) => ServingError.Invalid(
        $"inference input '{tensor.Name}' data-type is '{CallerText.Clip(input.Datatype)}', but model '{spec.Name}' expects '{tensor.DataType.Name()}'");

    public static ServingError DimensionConflict(string dimension, ModelSpec spec) => ServingError.Invalid(
        $"dimension '{dimension}' has more than one size in the inputs for model '{spec.Name}'. Give it the same size in every input.");

    public static ServingError OpenDimension(TensorSpec tensor, ReadOnlySpan<long> shape, ModelSpec spec) => ServingError.Invalid(
        $"All input dimensions should be specified for input '{tensor.Name}' for model '{spec.Name}', got {Shape(shape)}");

    public static ServingError NegativeDimension(TensorSpec tensor, ReadOnlySpan<long> shape, long dimension, ModelSpec spec) =>
        ServingError.Invalid(Invariant(
            $"tensor '{tensor.Name}' contains an invalid dimension {dimension} in shape {Shape(shape)} for model '{spec.Name}'. Dimensions are 0 or more."));

    public static ServingError UnexpectedShape(TensorSpec tensor, ReadOnlySpan<long> shape, ModelSpec spec)
    {
        long[] expected = spec.HasBatchAxis ? [-1, .. tensor.Dims] : [.. tensor.Dims];
        var note = spec.HasBatchAxis
            ? Invariant($"The first dimension counts rows, 1 to {spec.MaxBatchSize} in one request.")
            : "The model has no batch dimension: give the shape whole.";
        return ServingError.Invalid(
            $"unexpected shape for input '{tensor.Name}' for model '{spec.Name}'. Expected {Shape(expected)}, got {Shape(shape)}. NOTE: {note} -1 takes any size.");
    }

    public static ServingError NoRows(TensorSpec tensor, ReadOnlySpan<long> shape, ModelSpec spec) => ServingError.Invalid(
        $"batch dimension must be at least 1 for input '{tensor.Name}' for model '{spec.Name}', got shape {Shape(shape)}");

    public static ServingError UnequalRows(TensorSpec tensor, long rows, long otherRows, ModelSpec spec) => ServingError.Invalid(Invariant(
        $"input '{tensor.Name}' batch size does not match other inputs for '{spec.Name}': its first dimension is {rows}, that of the inputs before it {otherRows}"));

    public static ServingError TooManyRows(long rows, ModelSpec spec) => ServingError.Invalid(Invariant(
        $"inference request batch-size must be <= {spec.MaxBatchSize} for '{spec.Name}', got {rows}. Split the rows over several requests."));

    public static ServingError TooManyElements(TensorSpec tensor, ReadOnlySpan<long> shape, ModelSpec spec) => ServingError.Invalid(Invariant(
        $"shape {Shape(shape)} of input '{tensor.Name}' for model '{spec.Name}' causes total element count to exceed maximum size of {long.MaxValue}"));

    public static ServingError TooManyBytes(TensorSpec tensor, ReadOnlySpan<long> shape, ModelSpec spec) => ServingError.Invalid(
        $"byte size overflow for input '{tensor.Name}' for model '{spec.Name}': shape {Shape(shape)} of {tensor.DataType.Name()} is larger than any tensor can be");

    public static ServingError TwoSources(TensorSpec tensor, ModelSpec spec) => ServingError.Invalid(
        $"contents field must not be specified when using raw_input_contents for '{tensor.Name}' for model '{spec.Name}'");

    public static ServingError NoData(TensorSpec tensor, ModelSpec spec) =>
        ServingError.Invalid($"unable to find data for input tensor '{tensor.Name}' for model '{spec.Name}' in request.");

    public static ServingError WrongContents(TensorSpec tensor, ContentsFields given, TensorDataType declared, ModelSpec spec)
    {
        var hint = declared is TensorDataType.Fp16 or TensorDataType.Bf16 ? " Send this datatype in raw_input_contents." : "";
        return ServingError.Invalid(
            $"unexpected explicit tensor data for input tensor '{tensor.Name}' for model '{spec.Name}' of type '{TypedContents.Name(given)}', " +
            $"expected datatype '{declared.Name()}'.{hint}");
    }

    public static ServingError ByteSize(TensorSpec tensor, long expected, long got, ReadOnlySpan<long> shape, ModelSpec spec) =>
        ServingError.Invalid(Invariant(
            $"input byte size mismatch for input '{tensor.Name}' for model '{spec.Name}'. Expected {expected}, got {got} (shape {Shape(shape)} of {tensor.DataType.Name()})"));

    public static ServingError OutOfRange(TensorSpec tensor, string field, long index, long value, long least, long most, ModelSpec spec) =>
        ServingError.Invalid(Invariant(
            $"input '{tensor.Name}' for model '{spec.Name}' has the value {value} in {field}[{index}], which {tensor.DataType.Name()} cannot hold: expected {least} to {most}"));

    public static ServingError NotBool(TensorSpec tensor, int index, byte value, ModelSpec spec) => ServingError.Invalid(Invariant(
        $"input '{tensor.Name}' for model '{spec.Name}' has the byte {value} as BOOL element {index}, expected 0 or 1"));

    public static ServingError TooFewStrings(TensorSpec tensor, long expected, long got, ModelSpec spec) => ServingError.Invalid(Invariant(
        $"expected {expected} string elements for inference input '{tensor.Name}' for model '{spec.Name}', got {got}"));

    public static ServingError TooManyStrings(TensorSpec tensor, long expected, int surplus, ModelSpec spec) => ServingError.Invalid(Invariant(
        $"unexpected number of string elements for inference input '{tensor.Name}' for model '{spec.Name}', expecting {expected}, got {surplus} more bytes after them"));

    public static ServingError CutStringLength(TensorSpec tensor, long element, int available, ModelSpec spec) => ServingError.Invalid(Invariant(
        $"incomplete string length indicator for inference input '{tensor.Name}' for model '{spec.Name}', element {element}: expecting 4 bytes but only {available} available"));

    public static ServingError CutString(TensorSpec tensor, long element, uint length, int available, ModelSpec spec) => ServingError.Invalid(Invariant(
        $"incomplete string data for inference input '{tensor.Name}' for model '{spec.Name}', element {element}: expecting string of length {length} but only {available} bytes available"));

    public static ServingError Parameter(in UncheckedParameter parameter, string expected, ModelSpec spec) => ServingError.Invalid(
        $"parameter '{CallerText.Clip(parameter.Name)}' for model '{spec.Name}' is {parameter}, expected {expected}");

    public static ServingError Sequence(in UncheckedParameter parameter, ModelSpec spec) => ServingError.Invalid(
        $"parameter '{CallerText.Clip(parameter.Name)}' for model '{spec.Name}' is {parameter}, but stateful models, which take sequences of requests, are not served. " +
        "Leave the sequence parameters out.");

    public static ServingError ReservedParameter(in UncheckedParameter parameter, ModelSpec spec) => ServingError.Invalid(
        $"parameter '{CallerText.Clip(parameter.Name)}' for model '{spec.Name}': names that begin with 'triton_' are reserved, and only " +
        $"'{RequestOptions.EmptyFinalResponse}' is known");

    public static ServingError ClassCount(in UncheckedParameter parameter, TensorSpec output, ModelSpec spec) => ServingError.Invalid(
        $"parameter '{CallerText.Clip(parameter.Name)}' of output '{output.Name}' for model '{spec.Name}' is {parameter}, expected int64 of 1 or more");

    public static ServingError NotClassifiable(TensorSpec output, ModelSpec spec) => ServingError.Invalid(
        $"classification of output '{output.Name}' for model '{spec.Name}' is not possible: its datatype is {output.DataType.Name()}, expected a numeric one");

    private static string List(IEnumerable<string> names)
    {
        var text = new StringBuilder();
        var listed = 0;
        foreach (var name in names)
        {
            if (listed++ == MaxListed) return text.Append(",...").ToString();
            text.Append(listed == 1 ? "" : ",").Append('\'').Append(CallerText.Clip(name)).Append('\'');
        }
        return text.ToString();
    }

    private static string Shape(ReadOnlySpan<long> shape)
    {
        var text = new StringBuilder("[");
        for (var i = 0; i < Math.Min(shape.Length, MaxListed); i++)
            text.Append(i == 0 ? "" : ",").Append(Invariant($"{shape[i]}"));
        return text.Append(shape.Length > MaxListed ? ",...]" : "]").ToString();
    }
}
