using System.Buffers;
using System.Collections;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace GrpcServing.Responding;

/// <summary>Writes a protobuf message as the REST protocol has it: the proto's own field names, numbers as numbers, defaults included.</summary>
/// <remarks>protobuf's own JSON form differs in all three, and clients of the REST protocol read numbers.</remarks>
internal static class JsonMessage
{
    public static ReadOnlyMemory<byte> Serialize(IMessage message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, JsonOutput.Options)) Write(writer, message);
        return buffer.WrittenMemory;
    }

    /// <summary>A list of messages as an array.</summary>
    public static ReadOnlyMemory<byte> SerializeAll(IEnumerable<IMessage> messages)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, JsonOutput.Options))
        {
            writer.WriteStartArray();
            foreach (var message in messages) Write(writer, message);
            writer.WriteEndArray();
        }
        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter writer, IMessage message)
    {
        writer.WriteStartObject();
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder())
        {
            if (field.HasPresence && !field.Accessor.HasValue(message)) continue;
            writer.WritePropertyName(field.Name);
            WriteField(writer, field, field.Accessor.GetValue(message));
        }
        writer.WriteEndObject();
    }

    private static void WriteField(Utf8JsonWriter writer, FieldDescriptor field, object value)
    {
        if (field.IsMap)
        {
            writer.WriteStartObject();
            foreach (DictionaryEntry entry in (IDictionary)value)
            {
                writer.WritePropertyName(Convert.ToString(entry.Key, System.Globalization.CultureInfo.InvariantCulture)!);
                WriteValue(writer, field.MessageType.FindFieldByNumber(2), entry.Value!);
            }
            writer.WriteEndObject();
        }
        else if (field.IsRepeated)
        {
            writer.WriteStartArray();
            foreach (var element in (IEnumerable)value) WriteValue(writer, field, element);
            writer.WriteEndArray();
        }
        else
        {
            WriteValue(writer, field, value);
        }
    }

    private static void WriteValue(Utf8JsonWriter writer, FieldDescriptor field, object value)
    {
        switch (value)
        {
            case IMessage message:
                Write(writer, message);
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case int number when field.FieldType != FieldType.Enum:
                writer.WriteNumberValue(number);
                break;
            case uint number:
                writer.WriteNumberValue(number);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case ulong number:
                writer.WriteNumberValue(number);
                break;
            case double number:
                writer.WriteNumberValue(number);
                break;
            case float number:
                writer.WriteNumberValue(number);
                break;
            case ByteString bytes:
                writer.WriteBase64StringValue(bytes.Span);
                break;
            default:
                var number32 = Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture);
                writer.WriteStringValue(field.EnumType.FindValueByNumber(number32)?.Name ?? number32.ToString(System.Globalization.CultureInfo.InvariantCulture));
                break;
        }
    }
}
