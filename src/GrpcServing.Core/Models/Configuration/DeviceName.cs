using System.Globalization;

namespace GrpcServing.Models;

/// <summary>The spelling of <see cref="ExecutionConfiguration.Device"/>. Whether the machine has it is the runtime's to say.</summary>
internal static class DeviceName
{
    public const string Forms = "'cpu', 'cuda', 'cuda:N', 'tensorrt', 'tensorrt:N' or 'plugin:PATH'";

    private const string PluginPrefix = "plugin:";

    public static bool IsWellFormed(string device)
    {
        if (device.StartsWith(PluginPrefix, StringComparison.Ordinal)) return device.Length > PluginPrefix.Length;
        var colon = device.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) return device is "cpu" or "cuda" or "tensorrt";
        return device[..colon] is "cuda" or "tensorrt"
            && int.TryParse(device.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }
}
