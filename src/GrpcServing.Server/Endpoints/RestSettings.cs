using System.Text.Json;
using GrpcServing.Protos;
using GrpcServing.Responding;

namespace GrpcServing.Endpoints;

/// <summary>Log and trace settings over REST: flat JSON objects around the gRPC calls.</summary>
internal sealed class RestSettings(SettingsEndpoint settings, RestBody bodies)
{
    public Task ReadLogAsync(HttpContext http) => WriteLogAsync(http, new LogSettingsRequest());

    public async Task ChangeLogAsync(HttpContext http)
    {
        using var body = await bodies.ReadJsonAsync(http).ConfigureAwait(false);
        var request = new LogSettingsRequest();
        foreach (var (name, value) in Entries(body))
        {
            request.Settings[name] = value.ValueKind switch
            {
                JsonValueKind.True or JsonValueKind.False => new() { BoolParam = value.GetBoolean() },
                JsonValueKind.Number when value.TryGetUInt32(out var level) => new() { Uint32Param = level },
                _ => new() { StringParam = value.ToString() },
            };
        }
        await WriteLogAsync(http, request).ConfigureAwait(false);
    }

    public Task ReadTraceAsync(HttpContext http) => WriteTraceAsync(http, new TraceSettingRequest());

    public async Task ChangeTraceAsync(HttpContext http)
    {
        using var body = await bodies.ReadJsonAsync(http).ConfigureAwait(false);
        var request = new TraceSettingRequest();
        foreach (var (name, value) in Entries(body))
        {
            var setting = new TraceSettingRequest.Types.SettingValue();
            if (value.ValueKind == JsonValueKind.Array) setting.Value.AddRange(value.EnumerateArray().Select(static element => element.ToString()));
            else if (value.ValueKind != JsonValueKind.Null) setting.Value.Add(value.ToString());
            request.Settings[name] = setting;
        }
        await WriteTraceAsync(http, request).ConfigureAwait(false);
    }

    private static IEnumerable<(string Name, JsonElement Value)> Entries(JsonDocument? body) =>
        body?.RootElement.EnumerateObject().Select(static property => (property.Name, property.Value)) ?? [];

    private async Task WriteLogAsync(HttpContext http, LogSettingsRequest request)
    {
        var answer = settings.LogSettings(request);
        await WriteFlatAsync(http, answer.Settings.OrderBy(static pair => pair.Key, StringComparer.Ordinal), static (writer, value) =>
        {
            switch (value.ParameterChoiceCase)
            {
                case LogSettingsResponse.Types.SettingValue.ParameterChoiceOneofCase.BoolParam:
                    writer.WriteBooleanValue(value.BoolParam);
                    break;
                case LogSettingsResponse.Types.SettingValue.ParameterChoiceOneofCase.Uint32Param:
                    writer.WriteNumberValue(value.Uint32Param);
                    break;
                default:
                    writer.WriteStringValue(value.StringParam);
                    break;
            }
        }).ConfigureAwait(false);
    }

    private async Task WriteTraceAsync(HttpContext http, TraceSettingRequest request)
    {
        if (http.Request.RouteValues["model"] is string model) request.ModelName = model;
        var answer = settings.TraceSetting(request);
        await WriteFlatAsync(http, answer.Settings.OrderBy(static pair => pair.Key, StringComparer.Ordinal), static (writer, value) =>
        {
            writer.WriteStartArray();
            foreach (var element in value.Value) writer.WriteStringValue(element);
            writer.WriteEndArray();
        }).ConfigureAwait(false);
    }

    private static async Task WriteFlatAsync<T>(HttpContext http, IEnumerable<KeyValuePair<string, T>> entries, Action<Utf8JsonWriter, T> writeValue)
    {
        http.Response.ContentType = "application/json";
        var writer = new Utf8JsonWriter(http.Response.BodyWriter, JsonOutput.Options);
        await using (writer.ConfigureAwait(false))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in entries)
            {
                writer.WritePropertyName(name);
                writeValue(writer, value);
            }
            writer.WriteEndObject();
        }
    }
}
