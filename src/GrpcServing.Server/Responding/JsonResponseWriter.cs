using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using GrpcServing.Decoding;
using GrpcServing.Models;

namespace GrpcServing.Responding;

/// <summary>Writes an inference response as JSON, with the outputs that the caller wants as bytes left to follow it.</summary>
internal static class JsonResponseWriter
{
    /// <param name="json">Receives the JSON.</param>
    /// <param name="binary">Receives the elements of the binary outputs, in order.</param>
    /// <returns>An error when an output holds a value that JSON cannot express.</returns>
    public static ServingError Write(InferenceResponse response, BinaryOutputs binaryOutputs, IBufferWriter<byte> json, IBufferWriter<byte> binary)
    {
        using var writer = new Utf8JsonWriter(json, JsonOutput.Options);
        writer.WriteStartObject();
        writer.WriteString("model_name", response.Spec.Name);
        writer.WriteString("model_version", response.Spec.Version.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (response.Id.Length > 0) writer.WriteString("id", response.Id);
        writer.WriteStartArray("outputs");
        for (var i = 0; i < response.OutputCount; i++)
        {
            var name = response.Name(i);
            var type = response.DataType(i);
            var elements = response.Bytes(i);
            writer.WriteStartObject();
            writer.WriteString("name", name);
            writer.WriteString("datatype", type.Name());
            writer.WriteStartArray("shape");
            foreach (var dim in response.Shape(i)) writer.WriteNumberValue(dim);
            writer.WriteEndArray();
            if (binaryOutputs.Includes(name))
            {
                writer.WriteStartObject("parameters");
                writer.WriteNumber("binary_data_size", elements.Length);
                writer.WriteEndObject();
                binary.Write(elements);
            }
            else
            {
                writer.WriteStartArray("data");
                var unwritable = WriteElements(writer, type, elements);
                if (unwritable >= 0) return ServingError.Invalid($"element {unwritable} of output '{name}' has no form in JSON (not a number, infinite, or bytes that are not UTF-8 text): ask for the output with \"parameters\": {{\"binary_data\": true}}");
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
        return ServingError.None;
    }

    /// <returns>Index of the first element that JSON cannot express; -1 when all were written.</returns>
    private static long WriteElements(Utf8JsonWriter writer, TensorDataType type, ReadOnlySpan<byte> raw)
    {
        for (var index = 0L; raw.Length > 0; index++)
        {
            var size = type == TensorDataType.Bytes ? sizeof(uint) + (int)BinaryPrimitives.ReadUInt32LittleEndian(raw) : type.ElementSize();
            if (!TryWrite(writer, type, raw[..size])) return index;
            raw = raw[size..];
        }
        return -1;
    }

    private static bool TryWrite(Utf8JsonWriter writer, TensorDataType type, ReadOnlySpan<byte> element)
    {
        switch (type)
        {
            case TensorDataType.Bool:
                writer.WriteBooleanValue(element[0] != 0);
                return true;
            case TensorDataType.UInt8:
                writer.WriteNumberValue((uint)element[0]);
                return true;
            case TensorDataType.UInt16:
                writer.WriteNumberValue((uint)BinaryPrimitives.ReadUInt16LittleEndian(element));
                return true;
            case TensorDataType.UInt32:
                writer.WriteNumberValue(BinaryPrimitives.ReadUInt32LittleEndian(element));
                return true;
            case TensorDataType.UInt64:
                writer.WriteNumberValue(BinaryPrimitives.ReadUInt64LittleEndian(element));
                return true;
            case TensorDataType.Int8:
                writer.WriteNumberValue((int)(sbyte)element[0]);
                return true;
            case TensorDataType.Int16:
                writer.WriteNumberValue((int)BinaryPrimitives.ReadInt16LittleEndian(element));
                return true;
            case TensorDataType.Int32:
                writer.WriteNumberValue(BinaryPrimitives.ReadInt32LittleEndian(element));
                return true;
            case TensorDataType.Int64:
                writer.WriteNumberValue(BinaryPrimitives.ReadInt64LittleEndian(element));
                return true;
            case TensorDataType.Fp16:
                return TryWriteSingle(writer, (float)BinaryPrimitives.ReadHalfLittleEndian(element));
            case TensorDataType.Bf16:
                return TryWriteSingle(writer, BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(element) << 16));
            case TensorDataType.Fp32:
                return TryWriteSingle(writer, BinaryPrimitives.ReadSingleLittleEndian(element));
            case TensorDataType.Fp64:
                var number = BinaryPrimitives.ReadDoubleLittleEndian(element);
                if (!double.IsFinite(number)) return false;
                writer.WriteNumberValue(number);
                return true;
            default:
                return TryWriteText(writer, element[sizeof(uint)..]);
        }
    }

    private static bool TryWriteSingle(Utf8JsonWriter writer, float number)
    {
        if (!float.IsFinite(number)) return false;
        writer.WriteNumberValue(number);
        return true;
    }

    private static bool TryWriteText(Utf8JsonWriter writer, ReadOnlySpan<byte> text)
    {
        if (!System.Text.Unicode.Utf8.IsValid(text)) return false;
        writer.WriteStringValue(text);
        return true;
    }
}
