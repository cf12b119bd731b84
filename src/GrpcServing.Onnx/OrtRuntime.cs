using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Onnx;

/// <summary>The process-wide environment of ONNX Runtime, created once with telemetry off.</summary>
internal static class OrtRuntime
{
    private const string TelemetryVariable = "ORT_DISABLE_TELEMETRY";
    private static readonly Lock Creating = new();

    /// <summary>Creates the environment before anything else of the runtime is touched. An operator who set the variable keeps his choice.</summary>
    public static OrtEnv Ensure()
    {
        lock (Creating)
        {
            if (OrtEnv.IsCreated) return OrtEnv.Instance();
            if (Environment.GetEnvironmentVariable(TelemetryVariable) is null) Environment.SetEnvironmentVariable(TelemetryVariable, "1");
            var options = new EnvironmentCreationOptions { logId = "GrpcServing", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
            return OrtEnv.CreateInstanceWithOptions(ref options);
        }
    }
}
