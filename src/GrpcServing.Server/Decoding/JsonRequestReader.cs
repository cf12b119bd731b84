using System.Text;
using System.Text.Json;
using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Decoding;

/// <summary>Reads the JSON of a REST inference request, and the binary tensors that may follow it.</summary>
/// <remarks>
/// The body is one block: <c>json</c> then the tensors of the binary extension in the order of the inputs. Element values are converted to the
/// protocol's raw form here, so that everything after is the same as for gRPC. Keys may come in any order.
/// </remarks>
internal static class JsonRequestReader
{
    /// <param name="request">Empty. Afterwards either filled or failed (<see cref="UncheckedRequest.Error"/>).</param>
    /// <param name="json">The JSON part of the body.</param>
    /// <param name="binary">What follows it.</param>
    /// <param name="binaryOutputs">Filled with the outputs to be sent as bytes.</param>
    public static void Read(UncheckedRequest request, ReadOnlySpan<byte> json, ReadOnlySpan<byte> binary, BinaryOutputs binaryOutputs)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 128 });
            ReadRequest(request, ref reader, ref binary, binaryOutputs);
            if (binary.Length > 0) throw new JsonRequestException($"{binary.Length} bytes follow the JSON that no input's binary_data_size claims");
        }
        catch (JsonException malformed)
        {
            request.Fail(ServingError.Invalid($"failed to parse the request JSON buffer: {malformed.Message}"));
        }
        catch (JsonRequestException wrong)
        {
            request.Fail(ServingError.Invalid(wrong.Message));
        }
    }

    private static void ReadRequest(UncheckedRequest request, ref Utf8JsonReader reader, ref ReadOnlySpan<byte> binary, BinaryOutputs binaryOutputs)
    {
        Expect(ref reader, JsonTokenType.StartObject, "the request");
        while (NextKey(ref reader, out var key))
        {
            switch (key)
            {
                case "id":
                    request.Id = Text(ref reader, "id");
                    break;
                case "parameters":
                    ReadParameters(ref reader, request.Parameters, "parameters");
                    break;
                case "inputs":
                    Expect(ref reader, JsonTokenType.StartArray, "inputs");
                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) ReadInput(request, ref reader, ref binary);
                    break;
                case "outputs":
                    Expect(ref reader, JsonTokenType.StartArray, "outputs");
                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) ReadOutput(request, ref reader, binaryOutputs);
                    break;
                default:
                    reader.Read();
                    reader.Skip();
                    break;
            }
        }
        if (reader.Read()) throw new JsonRequestException("the request JSON has something after its closing brace");
        binaryOutputs.All = TakeFlag(request.Parameters, "binary_data_output");
    }

    private static void ReadInput(UncheckedRequest request, ref Utf8JsonReader reader, ref ReadOnlySpan<byte> binary)
    {
        if (request.InputCount == UncheckedRequest.MaxTensors) throw new JsonRequestException($"the request has more than {UncheckedRequest.MaxTensors} inputs");
        RequireObject(ref reader, "an element of inputs");
        ref var input = ref request.AddInput();
        Utf8JsonReader data = default;
        var hasData = false;
        while (NextKey(ref reader, out var key))
        {
            switch (key)
            {
                case "name":
                    input.Name = Text(ref reader, "name of an input");
                    break;
                case "datatype":
                    input.Datatype = Text(ref reader, $"datatype of input '{input.Name}'");
                    break;
                case "shape":
                    ReadShape(request, ref reader, input.Name);
                    break;
                case "parameters":
                    ReadParameters(ref reader, input.Parameters ??= [], $"parameters of input '{input.Name}'");
                    break;
                case "data":
                    reader.Read();
                    // The datatype may come after the data: read the elements when both are known.
                    data = reader;
                    hasData = true;
                    reader.Skip();
                    break;
                default:
                    reader.Read();
                    reader.Skip();
                    break;
            }
        }
        if (TakeBinarySize(ref input) is { } size)
        {
            if (hasData) throw new JsonRequestException($"input '{input.Name}' has both data and binary_data_size; send one of them");
            if (size > binary.Length) throw new JsonRequestException($"input '{input.Name}' claims {size} bytes of binary data but {binary.Length} are left in the body");
            Append(request, ref input, binary[..(int)size]);
            binary = binary[(int)size..];
        }
        else if (hasData)
        {
            if (!TensorDataTypes.TryParse(input.Datatype, out var type)) throw new JsonRequestException($"input '{input.Name}' has datatype '{input.Datatype}'; expected BOOL, UINT8 to UINT64, INT8 to INT64, FP16, BF16, FP32, FP64 or BYTES");
            var start = request.BodyLength;
            JsonElements.Append(request, ref data, type, input.Name);
            input.Contents = ContentsFields.Raw;
            input.Elements = new BodySlice(start, request.BodyLength - start);
        }
    }

    internal static void Append(UncheckedRequest request, ref UncheckedInput input, ReadOnlySpan<byte> elements)
    {
        var start = request.BodyLength;
        if (!request.TryExtend(elements.Length, out var region)) throw new JsonRequestException($"input '{input.Name}' makes the request larger than 2 GiB");
        elements.CopyTo(region);
        input.Contents = ContentsFields.Raw;
        input.Elements = new BodySlice(start, elements.Length);
    }

    private static void ReadOutput(UncheckedRequest request, ref Utf8JsonReader reader, BinaryOutputs binaryOutputs)
    {
        if (request.OutputCount == UncheckedRequest.MaxTensors) throw new JsonRequestException($"the request has more than {UncheckedRequest.MaxTensors} outputs");
        RequireObject(ref reader, "an element of outputs");
        ref var output = ref request.AddOutput();
        while (NextKey(ref reader, out var key))
        {
            switch (key)
            {
                case "name":
                    output.Name = Text(ref reader, "name of an output");
                    break;
                case "parameters":
                    ReadParameters(ref reader, output.Parameters ??= [], $"parameters of output '{output.Name}'");
                    break;
                default:
                    reader.Read();
                    reader.Skip();
                    break;
            }
        }
        if (output.Parameters is { } parameters && TakeFlag(parameters, "binary_data") is { } binary) binaryOutputs.ByName[output.Name] = binary;
    }

    private static void ReadShape(UncheckedRequest request, ref Utf8JsonReader reader, string input)
    {
        Expect(ref reader, JsonTokenType.StartArray, $"shape of input '{input}'");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var dimension)) throw new JsonRequestException($"shape of input '{input}' must hold whole numbers, found {Found(ref reader)}");
            if (!request.TryAddDimension(dimension)) throw new JsonRequestException($"shape of input '{input}' has more than {UncheckedRequest.MaxRank} dimensions");
        }
    }

    private static void ReadParameters(ref Utf8JsonReader reader, List<UncheckedParameter> parameters, string where)
    {
        Expect(ref reader, JsonTokenType.StartObject, where);
        while (NextKey(ref reader, out var name))
        {
            reader.Read();
            var parameter = reader.TokenType switch
            {
                JsonTokenType.True or JsonTokenType.False => UncheckedParameter.From(name, reader.GetBoolean()),
                JsonTokenType.String => UncheckedParameter.From(name, JsonText.Read(ref reader)),
                JsonTokenType.Number when reader.TryGetInt64(out var whole) => UncheckedParameter.From(name, whole),
                JsonTokenType.Number when reader.TryGetUInt64(out var whole) => UncheckedParameter.From(name, whole),
                JsonTokenType.Number => UncheckedParameter.From(name, reader.GetDouble()),
                _ => throw new JsonRequestException($"parameter '{name}' in {where} must be a boolean, a number or a string, found {Found(ref reader)}"),
            };
            if (!UncheckedParameter.TryPut(parameters, parameter)) throw new JsonRequestException($"{where} has more than {UncheckedParameter.MaxCount} entries");
        }
    }

    /// <summary>The size parameter of the binary extension; it says how the tensor came, so it is no parameter of the tensor any more.</summary>
    private static long? TakeBinarySize(ref UncheckedInput input)
    {
        if (input.Parameters is null) return null;
        var index = input.Parameters.FindIndex(static parameter => parameter.Name == "binary_data_size");
        if (index < 0) return null;
        var parameter = input.Parameters[index];
        input.Parameters.RemoveAt(index);
        if (!parameter.TryGetCount(long.MaxValue, out var size)) throw new JsonRequestException($"binary_data_size of input '{input.Name}' must be a whole number of bytes, found {parameter}");
        return size;
    }

    private static bool? TakeFlag(List<UncheckedParameter> parameters, string name)
    {
        var index = parameters.FindIndex(parameter => parameter.Name == name);
        if (index < 0) return null;
        var parameter = parameters[index];
        parameters.RemoveAt(index);
        return parameter.Kind == ParameterKind.Bool ? parameter.IsSet : throw new JsonRequestException($"{name} must be true or false, found {parameter}");
    }

    private static bool NextKey(ref Utf8JsonReader reader, out string key)
    {
        reader.Read();
        key = reader.TokenType == JsonTokenType.PropertyName ? JsonText.Read(ref reader) : "";
        return reader.TokenType == JsonTokenType.PropertyName;
    }

    private static string Text(ref Utf8JsonReader reader, string what)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.String ? JsonText.Read(ref reader) : throw new JsonRequestException($"{what} must be a string, found {Found(ref reader)}");
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token, string what)
    {
        reader.Read();
        if (reader.TokenType != token) throw new JsonRequestException($"{what} must be {(token == JsonTokenType.StartArray ? "an array" : "an object")}, found {Found(ref reader)}");
    }

    private static void RequireObject(ref Utf8JsonReader reader, string what)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonRequestException($"{what} must be an object, found {Found(ref reader)}");
    }

    internal static string Found(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartArray => "an array",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.String => "a string",
        _ => CallerText.Clip(Encoding.UTF8.GetString(reader.ValueSpan)),
    };
}
