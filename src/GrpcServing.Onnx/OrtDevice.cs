using System.Globalization;
using GrpcServing.Models;
using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Onnx;

/// <summary>A place to run on, as the configuration names it: <c>cpu</c>, <c>cuda[:N]</c>, <c>tensorrt[:N]</c>, <c>plugin:PATH</c>.</summary>
internal sealed record OrtDevice(string Kind, int Index, string Library)
{
    private const string Cpu = "cpu";
    private const string Cuda = "cuda";
    private const string TensorRt = "tensorrt";
    private const string Plugin = "plugin";

    /// <summary>Null with a sentence when the text names no device.</summary>
    public static OrtDevice? Parse(string text, out string? error)
    {
        error = null;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var kind = (colon < 0 ? text : text[..colon]).ToLowerInvariant();
        var rest = colon < 0 ? "" : text[(colon + 1)..];
        if (kind == Cpu && rest.Length == 0) return new OrtDevice(Cpu, 0, "");
        if (kind == Plugin && rest.Length > 0) return new OrtDevice(Plugin, 0, rest);
        if (kind is Cuda or TensorRt)
        {
            if (rest.Length == 0) return new OrtDevice(kind, 0, "");
            if (int.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out var index)) return new OrtDevice(kind, index, "");
        }
        error = $"execution.device ({text}) must be cpu, cuda, cuda:N, tensorrt, tensorrt:N or plugin:PATH.";
        return null;
    }

    /// <returns>Null when this build and machine have the device; otherwise what is missing and how to get it.</returns>
    public string? FindMissing()
    {
        switch (Kind)
        {
            case Cpu:
                return null;
            case Plugin:
                return File.Exists(Library) ? null : $"execution.device asks for the execution provider library '{Library}', which does not exist.";
            default:
                var provider = Kind == Cuda ? "CUDAExecutionProvider" : "TensorrtExecutionProvider";
                return OrtRuntime.Ensure().GetAvailableProviders().Contains(provider)
                    ? null
                    : $"execution.device asks for '{Kind}', but this build of the server has ONNX Runtime for the CPU only. Build the GPU flavour with 'dotnet build -p:OnnxRuntime=Gpu' (or use its container image), or set execution.device to cpu.";
        }
    }

    /// <summary>Session options for this device; the caller disposes them.</summary>
    /// <exception cref="ModelLoadException">The device is not there.</exception>
    public SessionOptions CreateOptions(ExecutionConfiguration execution)
    {
        var options = new SessionOptions
        {
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            // One thread a run: executors side by side beat threads inside one for everything under a millisecond (measured-limits, section 2).
            IntraOpNumThreads = Math.Max(1, execution.IntraOpThreads),
            InterOpNumThreads = Math.Max(1, execution.InterOpThreads),
            ExecutionMode = execution.InterOpThreads > 1 ? ExecutionMode.ORT_PARALLEL : ExecutionMode.ORT_SEQUENTIAL,
        };
        try
        {
            // A spinning pool takes a core from everybody else between two runs.
            options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
            options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
            Append(options);
            return options;
        }
        catch
        {
            options.Dispose();
            throw;
        }
    }

    private void Append(SessionOptions options)
    {
        switch (Kind)
        {
            case Cuda:
                options.AppendExecutionProvider_CUDA(Index);
                break;
            case TensorRt:
                options.AppendExecutionProvider_Tensorrt(Index);
                options.AppendExecutionProvider_CUDA(Index);
                break;
            case Plugin:
                AppendPlugin(options);
                break;
        }
    }

    private void AppendPlugin(SessionOptions options)
    {
        var environment = OrtRuntime.Ensure();
        var name = Path.GetFileNameWithoutExtension(Library);
        if (!environment.GetEpDevices().Any(device => device.EpName == name)) environment.RegisterExecutionProviderLibrary(name, Library);
        var devices = environment.GetEpDevices().Where(device => device.EpName == name).ToList();
        if (devices.Count == 0) throw new ModelLoadException($"The execution provider library '{Library}' was loaded but offers no device named '{name}' on this machine.");
        options.AppendExecutionProvider(environment, devices, new Dictionary<string, string>());
    }
}
