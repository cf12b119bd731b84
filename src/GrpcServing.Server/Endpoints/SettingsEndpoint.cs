using System.Globalization;
using GrpcServing.Hosting;
using GrpcServing.Protos;
using GrpcServing.Responding;
using GrpcServing.Routing;
using GrpcServing.Telemetry;

namespace GrpcServing.Endpoints;

/// <summary>Log and trace settings, as Triton's clients ask for them.</summary>
internal sealed class SettingsEndpoint(LogSwitch log, Router router, StatusMapping statuses, OtelSettings telemetry, ServingOptions options)
{
    private static readonly string[] TraceKeys = ["trace_file", "trace_level", "trace_rate", "trace_count", "log_frequency", "trace_mode"];

    /// <summary>An empty request reads; one with settings is refused, because traces are configured by the OTEL_* variables at start.</summary>
    public TraceSettingResponse TraceSetting(TraceSettingRequest request)
    {
        if (request.ModelName.Length > 0) statuses.ThrowIfError(router.TryFind(request.ModelName, "", out _));
        foreach (var (key, value) in request.Settings)
        {
            // A present key without a value means "clear", which leaves things as they are.
            if (!TraceKeys.Contains(key)) throw statuses.ToException(ServingError.Invalid($"Unknown trace setting '{CallerText.Clip(key)}'. Settings are {string.Join(", ", TraceKeys)}."));
            if (value.Value.Count > 0) throw statuses.ToException(new ServingError(ErrorReason.Unsupported, $"trace setting '{key}' cannot be changed while the server runs: traces are configured by the OTEL_* environment variables at start"));
        }
        var response = new TraceSettingResponse();
        Add(response, "trace_mode", "opentelemetry");
        Add(response, "trace_level", telemetry.Traces is null ? "OFF" : "TIMESTAMPS");
        if (telemetry.Traces is not { } target) return response;
        // One in so many, as Triton counts; nothing at random is "never".
        Add(response, "trace_rate", telemetry.Ratio == 0 ? "0" : Math.Max(1, Math.Round(1 / telemetry.Ratio)).ToString(CultureInfo.InvariantCulture));
        Add(response, "trace_count", "-1");
        Add(response, "url", target.Endpoint.ToString());
        Add(response, "sampler", telemetry.SamplerName);
        return response;
    }

    public LogSettingsResponse LogSettings(LogSettingsRequest request)
    {
        var change = log.Settings;
        foreach (var (key, value) in request.Settings)
        {
            change = (key, value.ParameterChoiceCase) switch
            {
                ("log_info", LogSettingsRequest.Types.SettingValue.ParameterChoiceOneofCase.BoolParam) => change with { Info = value.BoolParam },
                ("log_warning", LogSettingsRequest.Types.SettingValue.ParameterChoiceOneofCase.BoolParam) => change with { Warning = value.BoolParam },
                ("log_error", LogSettingsRequest.Types.SettingValue.ParameterChoiceOneofCase.BoolParam) => change with { Error = value.BoolParam },
                ("log_verbose_level", LogSettingsRequest.Types.SettingValue.ParameterChoiceOneofCase.Uint32Param) => change with { VerboseLevel = value.Uint32Param },
                ("log_info" or "log_warning" or "log_error", var found) => throw statuses.ToException(ServingError.Invalid($"log setting '{key}' expects bool_param, found {found}")),
                ("log_verbose_level", var found) => throw statuses.ToException(ServingError.Invalid($"log setting '{key}' expects uint32_param, found {found}")),
                ("log_file" or "log_format", _) => throw statuses.ToException(new ServingError(ErrorReason.Unsupported, $"log setting '{key}' cannot be changed while the server runs")),
                _ => throw statuses.ToException(ServingError.Invalid($"Unknown log setting '{CallerText.Clip(key)}'. Settings are log_info, log_warning, log_error, log_verbose_level.")),
            };
        }
        log.Apply(change);
        return new LogSettingsResponse
        {
            Settings =
            {
                ["log_file"] = new() { StringParam = "" },
                ["log_info"] = new() { BoolParam = change.Info },
                ["log_warning"] = new() { BoolParam = change.Warning },
                ["log_error"] = new() { BoolParam = change.Error },
                ["log_verbose_level"] = new() { Uint32Param = change.VerboseLevel },
                ["log_format"] = new() { StringParam = options.LogFormat == LogFormat.Json ? "json" : "default" },
            },
        };
    }

    private static void Add(TraceSettingResponse response, string key, string value) =>
        response.Settings.Add(key, new TraceSettingResponse.Types.SettingValue { Value = { value } });
}
