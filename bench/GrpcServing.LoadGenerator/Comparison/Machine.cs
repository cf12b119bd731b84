namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>What the numbers were measured on.</summary>
internal static class Machine
{
    public static async Task<string> DescribeAsync()
    {
        var lines = await File.ReadAllLinesAsync("/proc/cpuinfo").ConfigureAwait(false);
        var name = lines.FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor";
        var flags = lines.FirstOrDefault(static line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "";
        var vectors = flags.Contains(" avx512f", StringComparison.Ordinal) ? "AVX-512" : flags.Contains(" avx2", StringComparison.Ordinal) ? "AVX2" : "no AVX2";
        return $"{Environment.ProcessorCount} cores of {name} ({vectors}), Linux {Environment.OSVersion.Version.ToString(2)}, .NET {Environment.Version}";
    }
}
