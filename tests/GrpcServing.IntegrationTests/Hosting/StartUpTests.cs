using System.Net;
using System.Net.Sockets;

namespace GrpcServing.IntegrationTests.Hosting;

/// <summary>A server that cannot start says why, all of it at once, and exits with 1.</summary>
public sealed class StartUpTests
{
    [Fact]
    public async Task Start_WithBadSettings_ReportsAllOfThem()
    {
        await using var server = ServerProcess.Start("--Serving:GrpcPort=99999", "--Serving:HttpPort=x", "--Serving:DrainTimeout=soon", "--Serving:StatusCodes=Mine", "--Serving:ListenAddress=nowhere",
            "--Serving:ModelRepository=/does/not/exist", "--Serving:MaxRequestBytes=1", "--Serving:SlowRequest=never", "--Serving:LogFormat=Xml", "--Serving:GrpcPrt=1");

        var code = await server.ExitAsync();

        Assert.Equal(1, code);
        string[] expected =
        [
            "Serving:GrpcPort (99999) must be", "Serving:HttpPort (x) must be", "Serving:DrainTimeout (soon) must be", "Serving:StatusCodes (Mine) must be", "Serving:ListenAddress (nowhere) must be",
            "Serving:ModelRepository (/does/not/exist) must be", "Serving:MaxRequestBytes (1) must be", "Serving:SlowRequest (never) must be", "Serving:LogFormat (Xml) must be", "Serving:GrpcPrt is not a setting",
        ];
        Assert.All(expected, sentence => Assert.Contains(sentence, server.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_OnATakenPort_SaysWhich()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        await using var server = ServerProcess.Start($"--Serving:GrpcPort={port}", "--Serving:HttpPort=0");

        var code = await server.ExitAsync();

        Assert.Equal(1, code);
        Assert.Contains("GrpcServing cannot start", server.Output, StringComparison.Ordinal);
        Assert.Contains($":{port}", server.Output, StringComparison.Ordinal);
        Assert.Contains("Serving:GrpcPort", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Nothing to serve", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_OnAnAddressOfAnotherMachine_SaysWhich()
    {
        // Reserved for documentation: no machine has it.
        await using var server = ServerProcess.Start("--Serving:ListenAddress=192.0.2.1", "--Serving:GrpcPort=0", "--Serving:HttpPort=0");

        var code = await server.ExitAsync();

        Assert.Equal(1, code);
        Assert.Contains("Failed to listen on 192.0.2.1", server.Output, StringComparison.Ordinal);
        Assert.Contains("Serving:ListenAddress", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithAModelForAMissingDevice_SaysHowToGetIt()
    {
        using var models = TestModels.Repository("poison", "slow");
        await File.WriteAllTextAsync(Path.Combine(models.Path, "poison", "model.json"), """{ "execution": { "device": "cuda" } }""", TestContext.Current.CancellationToken);
        await using var server = ServerProcess.Start($"--Serving:ModelRepository={models.Path}", "--Serving:GrpcPort=0", "--Serving:HttpPort=0");

        var code = await server.ExitAsync();

        Assert.Equal(1, code);
        Assert.Contains("Model 'poison'", server.Output, StringComparison.Ordinal);
        Assert.Contains("OnnxRuntime=Gpu", server.Output, StringComparison.Ordinal);
    }
}
