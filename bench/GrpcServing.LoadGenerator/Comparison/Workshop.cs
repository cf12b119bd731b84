using System.Runtime.InteropServices;

namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>Where the harness builds and keeps things: <c>artifacts/bench</c> of the checkout.</summary>
internal sealed class Workshop
{
    private readonly string _root = FindRoot();

    private string Home => Path.Combine(_root, "artifacts", "bench");

    private string Models => Path.Combine(Home, "models");

    private string Server => Path.Combine(Home, "server", "GrpcServing.Server");

    public string Baselines => Path.Combine(Home, "baselines", "GrpcServing.Baselines");

    public string ModelFile(BenchModel model) => Path.Combine(Models, model.Name, "1", "model.onnx");

    /// <summary>A path for a file that is of no use later.</summary>
    public string Scratch(string name)
    {
        Directory.CreateDirectory(Path.Combine(Home, "scratch"));
        return Path.Combine(Home, "scratch", name);
    }

    /// <summary>Why nothing can be measured on this machine; "" when it can.</summary>
    public static async Task<string> FindMissingAsync()
    {
        if (!OperatingSystem.IsLinux()) return "This needs Linux: it reads /proc and pins processes to cores.";
        if ((await Command.RunAsync("h2load", "--version").ConfigureAwait(false)).Code != 0) return "This needs h2load; on Debian and Ubuntu: apt-get install nghttp2-client";
        if ((await Command.RunAsync("taskset", "--version").ConfigureAwait(false)).Code != 0) return "This needs taskset; on Debian and Ubuntu: apt-get install util-linux";
        return "";
    }

    /// <summary>Publishes the server and the baselines as native code.</summary>
    public async Task PublishAsync()
    {
        await PublishAsync("src/GrpcServing.Server", "server").ConfigureAwait(false);
        await PublishAsync("bench/GrpcServing.Baselines", "baselines").ConfigureAwait(false);
    }

    /// <summary>Makes the models that are not there yet.</summary>
    public async Task MakeModelsAsync(params BenchModel[] models)
    {
        string[] missing = [.. models.Where(model => !File.Exists(ModelFile(model))).Select(static model => model.Name)];
        if (missing.Length == 0) return;
        string[] arguments = [Path.Combine(_root, "bench", "models", "make_models.py"), Models, .. missing];
        // The first of the path may be another than the distribution's, whose packages are needed.
        if ((await Command.RunAsync("python3", arguments).ConfigureAwait(false)).Code == 0) return;
        await Command.MustRunAsync("/usr/bin/python3", arguments).ConfigureAwait(false);
    }

    /// <summary>Starts a contender that is a server, with one model, and waits until it serves.</summary>
    public Task<MeasuredServer> StartAsync(Contender contender, BenchModel model, HarnessOptions options)
    {
        var repository = MakeRepository(contender, model);
        var cores = contender.BothCores ? $"{options.ServerCore},{options.LoadCore}" : options.ServerCore;
        return contender.Kind == ContenderKind.Server
            ? MeasuredServer.StartAsync(cores, contender.Executable ?? Server, $"--Serving:ModelRepository={repository}", "--Serving:GrpcPort=0", "--Serving:HttpPort=0")
            : MeasuredServer.StartAsync(cores, Baselines, contender.Setting, repository);
    }

    public async Task<string> CommitAsync()
    {
        var (code, head) = await Command.RunAsync("git", "-C", _root, "describe", "--always", "--dirty").ConfigureAwait(false);
        return code == 0 ? head.Trim() : "unknown";
    }

    private async Task PublishAsync(string project, string to)
    {
        await Console.Error.WriteLineAsync($"publishing {project}").ConfigureAwait(false);
        string[] linker = (await Command.RunAsync("clang", "--version").ConfigureAwait(false)).Code == 0 ? [] : ["-p:CppCompilerAndLinker=gcc"];
        await Command.MustRunAsync("dotnet",
        [
            "publish", Path.Combine(_root, project), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-p:PublishAot=true", .. linker,
            "--artifacts-path", Path.Combine(Home, "build"), "-o", Path.Combine(Home, to), "--nologo",
        ]).ConfigureAwait(false);
    }

    private string MakeRepository(Contender contender, BenchModel model)
    {
        var directory = Path.Combine(Home, "repositories", contender.Name, model.Name);
        if (Directory.Exists(directory)) Directory.Delete(directory, recursive: true);
        var version = Path.Combine(directory, model.Name, "1");
        Directory.CreateDirectory(version);
        File.CreateSymbolicLink(Path.Combine(version, "model.onnx"), ModelFile(model));
        if (contender is { Kind: ContenderKind.Server, Setting.Length: > 0 }) File.WriteAllText(Path.Combine(directory, model.Name, "model.json"), contender.Setting);
        return directory;
    }

    private static string FindRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "GrpcServing.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new HarnessException("The harness runs outside of a checkout: GrpcServing.sln was not found above it.");
        return directory;
    }
}
