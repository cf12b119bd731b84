using System.Reflection;
using System.Runtime.InteropServices;

namespace GrpcServing.Simulator;

/// <summary>Where a table of results comes from.</summary>
internal static class Provenance
{
    /// <summary>Machine, commit as the build stamped it, and command.</summary>
    public static string Lines(string[] args) =>
        $"Machine: {Environment.ProcessorCount} cores, {RuntimeInformation.OSArchitecture}, .NET {Environment.Version}. Commit: {Commit}.\n" +
        $"Command: `dotnet run -c Release --project bench/GrpcServing.Simulator -- {string.Join(' ', args)}`.";

    private static string Commit =>
        typeof(Provenance).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+').Last() ?? "unknown";
}
