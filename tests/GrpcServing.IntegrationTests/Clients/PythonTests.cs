using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Clients;

/// <summary>A client of another language, with stubs generated from protos/.</summary>
public sealed class PythonTests
{
    private const string Python = "/usr/bin/python3";

    [Fact]
    public async Task Digits_FromPython_AreRead()
    {
        var (code, _) = await Command.RunAsync(Python, ["-c", "import grpc, grpc_tools"]);
        Assert.SkipWhen(code != 0, "The Python client needs grpcio and its tools; on Debian and Ubuntu: apt-get install python3-grpcio python3-grpc-tools");
        using var stubs = new TemporaryDirectory();
        var protos = Path.Combine(TestPaths.Root, "protos");
        var generation = await Command.RunAsync(Python, ["-m", "grpc_tools.protoc", $"-I{protos}", $"--python_out={stubs.Path}", $"--grpc_python_out={stubs.Path}", "inference.proto", "model_config.proto"]);
        Assert.True(generation.Code == 0, generation.Output);
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);

        var script = Path.Combine(TestPaths.Root, "tests", "clients", "digits.py");
        var heldOut = Path.Combine(TestPaths.Root, "src", "GrpcServing.Server", "Examples", "digits-heldout.csv");
        var run = await Command.RunAsync(Python, [script, new Uri(server.GrpcAddress).Authority, heldOut], ("PYTHONPATH", stubs.Path), ("PYTHONDONTWRITEBYTECODE", "1"));

        Assert.True(run.Code == 0, run.Output);
        Assert.Contains("445 of 450", run.Output, StringComparison.Ordinal);
    }
}
