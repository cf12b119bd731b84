using System.Globalization;
using GrpcServing.Models;

namespace GrpcServing.Responding;

/// <summary>Writes response messages in the protobuf wire format, straight from the memory of the outputs to the transport.</summary>
/// <remarks>
/// Pure; releases nothing. A size is exact: the write after it gives so many bytes. Outputs always go to <c>raw_output_contents</c>,
/// one entry each, also when empty. Budget: 0 bytes.
/// </remarks>
internal static class WireWriter
{
    private const int MaxVersionDigits = 20;

    /// <summary>The entry <c>triton_final_response: true</c> of a parameter map.</summary>
    private static ReadOnlySpan<byte> FinalResponse => "\x0a\x15triton_final_response\x12\x02\x08\x01"u8;

    /// <summary>Bytes of a <c>ModelInferResponse</c>.</summary>
    /// <param name="isStreamed">True: it says that it is the last one to its request, as clients of a stream expect.</param>
    public static long Size(InferenceResponse response, bool isStreamed = false)
    {
        Span<byte> version = stackalloc byte[MaxVersionDigits];
        var size = WireSize.Text(response.Spec.Name) + WireSize.Delimited(Format(response.Spec.Version, version).Length) + WireSize.Text(response.Id);
        if (isStreamed) size += WireSize.Delimited(FinalResponse.Length);
        for (var i = 0; i < response.OutputCount; i++)
            size += WireSize.Delimited(OutputSize(response, i)) + WireSize.Delimited(response.Bytes(i).Length);
        return size;
    }

    /// <summary>Bytes of a <c>ModelStreamInferResponse</c>.</summary>
    public static long Size(StreamResponse response) => WireSize.Text(response.ErrorMessage) + WireSize.Delimited(InnerSize(response));

    public static void Write(InferenceResponse response, ref WireOutput output, bool isStreamed = false)
    {
        Span<byte> version = stackalloc byte[MaxVersionDigits];
        output.WriteText(ResponseFields.ModelName, response.Spec.Name);
        output.WriteBytes(ResponseFields.ModelVersion, Format(response.Spec.Version, version));
        output.WriteText(ResponseFields.Id, response.Id);
        if (isStreamed) output.WriteBytes(ResponseFields.Parameters, FinalResponse);
        for (var i = 0; i < response.OutputCount; i++)
        {
            output.WriteHeader(ResponseFields.Outputs, OutputSize(response, i));
            output.WriteText(OutputFields.Name, response.Name(i));
            output.WriteText(OutputFields.DataType, response.DataType(i).Name());
            output.WritePacked(OutputFields.Shape, response.Shape(i));
        }
        for (var i = 0; i < response.OutputCount; i++) output.WriteBytes(ResponseFields.RawOutputContents, response.Bytes(i));
    }

    public static void Write(StreamResponse response, ref WireOutput output)
    {
        output.WriteText(StreamFields.ErrorMessage, response.ErrorMessage);
        output.WriteHeader(StreamFields.InferResponse, InnerSize(response));
        if (response.Answer is not null) Write(response.Answer, ref output, isStreamed: true);
        else output.WriteText(ResponseFields.Id, response.Id);
    }

    /// <summary>A failure carries a response too, which tells the client by its id what failed.</summary>
    private static long InnerSize(StreamResponse response) =>
        response.Answer is null ? WireSize.Text(response.Id) : Size(response.Answer, isStreamed: true);

    private static long OutputSize(InferenceResponse response, int index)
    {
        var shape = WireSize.Packed(response.Shape(index));
        return WireSize.Text(response.Name(index)) + WireSize.Text(response.DataType(index).Name()) + (shape == 0 ? 0 : WireSize.Delimited(shape));
    }

    private static ReadOnlySpan<byte> Format(long version, Span<byte> text)
    {
        version.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
        return text[..length];
    }

    private static class ResponseFields
    {
        public const int ModelName = 1;
        public const int ModelVersion = 2;
        public const int Id = 3;
        public const int Parameters = 4;
        public const int Outputs = 5;
        public const int RawOutputContents = 6;
    }

    private static class OutputFields
    {
        public const int Name = 1;
        public const int DataType = 2;
        public const int Shape = 3;
    }

    private static class StreamFields
    {
        public const int ErrorMessage = 1;
        public const int InferResponse = 2;
    }
}
