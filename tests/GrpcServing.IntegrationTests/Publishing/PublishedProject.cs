using System.Runtime.InteropServices;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Publishing;

/// <summary>The server as it is shipped.</summary>
public sealed class PublishedServer() : PublishedProject("GrpcServing.Server", "GrpcServing.Server");

/// <summary>The tool as it is shipped.</summary>
public sealed class PublishedTool() : PublishedProject("GrpcServing.Cli", "gserve");

/// <summary>A project published as native code, once for all tests, into a directory of its own: nothing of the checkout changes.</summary>
/// <param name="project">Its folder under src.</param>
/// <param name="executable">What the program is called.</param>
public abstract class PublishedProject(string project, string executable) : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();

    /// <summary>Why it could not be published here; "" when it could.</summary>
    public string Missing { get; private set; } = "";

    public int ExitCode { get; private set; }

    /// <summary>What publishing wrote.</summary>
    public string Output { get; private set; } = "";

    public string Directory => Path.Combine(_directory.Path, "published");

    public string Executable => Path.Combine(Directory, executable);

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
            "publish", Path.Combine(TestPaths.Root, "src", project), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-p:PublishAot=true", $"-p:CppCompilerAndLinker={compiler}",
            "--artifacts-path", Path.Combine(_directory.Path, "artifacts"), "-o", Directory, "--nologo",
        ]);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
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
