namespace GrpcServing.IntegrationTests.Hosting;

/// <summary>Where things lie in the checkout the tests were built from.</summary>
internal static class TestPaths
{
    public static string Root { get; } = FindRoot();

    /// <summary>The models of tests/models/README.md.</summary>
    public static string Models { get; } = Path.Combine(Root, "tests", "models", "repository");

    public static string BrokenModels { get; } = Path.Combine(Root, "tests", "models", "broken_repository");

    /// <summary>Candidates for a shadow.</summary>
    public static string ShadowModels { get; } = Path.Combine(Root, "tests", "models", "shadow_repository");

    /// <summary>Stand-ins for the models of bench/models.</summary>
    public static string BenchModels { get; } = Path.Combine(Root, "tests", "models", "bench_repository");

    public static string Examples { get; } = Path.Combine(Root, "src", "GrpcServing.Server", "Examples", "models");

    /// <summary>Copies one model of a repository into another, which is made.</summary>
    public static void CopyModel(string from, string model, string to)
    {
        var source = Path.Combine(from, model);
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, model, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static string FindRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "GrpcServing.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("The tests run outside of a checkout: GrpcServing.sln was not found above them.");
        return directory;
    }
}
