using System.Runtime.InteropServices;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Publishing;

/// <summary>The server published as native code, once for all tests, into a directory of its own: nothing of the checkout changes.</summary>
public sealed class PublishedServer : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();

    /// <summary>Why it could not be published here; "" when it could.</summary>
    public string Missing { get; private set; } = "";

    public int ExitCode { get; private set; }

    /// <summary>What publishing wrote.</summary>
    public string Output { get; private set; } = "";

    public string Directory => Path.Combine(_directory.Path, "server");

    public string Executable => Path.Combine(Directory, "GrpcServing.Server");

    public async ValueTask InitializeAsync()
    {
        var compiler = await FindCompilerAsync();
        if (compiler is null)
        {
            Missing = "Publishing as native code needs a C compiler and the headers of zlib; on Debian and Ubuntu: apt-get install gcc zlib1g-dev";
            return;
        }
        (ExitCode, Output) = await Command.RunAsync("dotnet",
        [
            "publish", Path.Combine(TestPaths.Root, "src", "GrpcServing.Server"), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-p:PublishAot=true", $"-p:CppCompilerAndLinker={compiler}",
            "--artifacts-path", Path.Combine(_directory.Path, "artifacts"), "-o", Directory, "--nologo",
        ]);
    }

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A compiler that links against zlib; null when there is none.</summary>
    private async Task<string?> FindCompilerAsync()
    {
        if (OperatingSystem.IsWindows()) return null;
        foreach (var compiler in new[] { "clang", "gcc" })
        {
            var (code, _) = await Command.RunAsync(compiler, ["-shared", "-o", Path.Combine(_directory.Path, "probe.so"), "-x", "c", "/dev/null", "-lz"]);
            if (code == 0) return compiler;
        }
        return null;
    }
}
