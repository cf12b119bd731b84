using System.Net;
using GrpcServing.Hosting;
using GrpcServing.IntegrationTests.Hosting;
using Microsoft.Extensions.Configuration;

namespace GrpcServing.IntegrationTests.Deployment;

/// <summary>The images, as far as can be told without building them.</summary>
public sealed class DockerTests
{
    private static readonly ServingOptions Defaults = ServingOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Serving:ModelRepository", (string?)TestPaths.Examples)]).Build(), out _);

    public static TheoryData<string> Files => ["Dockerfile", "Dockerfile.gpu"];

    [Theory, MemberData(nameof(Files))]
    public void Image_RunsTheServer_AsAnUnprivilegedUserOnItsPorts(string file)
    {
        var image = Dockerfile.Read(DeployFiles.PathOf("docker", file));
        var options = Settings.ReadValid(image.Environment().Where(static variable => variable.Key.StartsWith("Serving__", StringComparison.Ordinal)));

        Assert.Equal("1654:1654", image.Final("USER"));
        Assert.Equal($"{Defaults.GrpcPort} {Defaults.HttpPort}", image.Final("EXPOSE"));
        Assert.Equal(IPAddress.Any, options.ListenAddress);
        Assert.Equal(options.CaptureDirectory, image.Final("VOLUME"));
        Assert.Equal("""["/app/GrpcServing.Server"]""", image.Final("ENTRYPOINT"));
        Assert.EndsWith("""CMD ["/app/gserve", "ready"]""", image.Final("HEALTHCHECK"), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Files))]
    public void Image_IsBuiltFromWhatIsThere(string file)
    {
        var image = Dockerfile.Read(DeployFiles.PathOf("docker", file));
        var ignored = File.ReadAllLines(Path.Combine(TestPaths.Root, ".dockerignore"));

        // The context is empty but for what .dockerignore lets in.
        Assert.Contains("*", ignored);
        Assert.NotEmpty(image.Sources());
        Assert.All(image.Sources(), source =>
        {
            Assert.True(Path.Exists(Path.Combine(TestPaths.Root, source)), $"{source} is not in the checkout");
            Assert.Contains($"!{source}", ignored);
        });
        Assert.All(image.Instructions.Where(static instruction => instruction.Name == "FROM"), from =>
        {
            var name = from.Arguments.Split(' ')[0];
            if (name.StartsWith("${", StringComparison.Ordinal)) name = image.Instructions.Single(static instruction => instruction.Name == "ARG").Arguments.Split('=')[1];
            var tag = name[(name.LastIndexOf('/') + 1)..].Split(':');
            Assert.True(tag.Length == 2 && tag[1] != "latest", $"{name} names no tag");
        });
    }

    [Fact]
    public async Task Healthcheck_OfTheImage_FollowsTheServer()
    {
        var server = await RunningServer.StartAsync(TestPaths.Models);
        var address = server.GrpcAddress;
        await using (server)
        {
            Assert.Equal((0, "server: ready\n"), await ReadyAsync(address));
            Assert.Equal((0, "versions: ready\n"), await ReadyAsync(address, "versions"));
            Assert.Equal((69, "nope: not ready\n"), await ReadyAsync(address, "nope"));
        }

        var (code, output) = await ReadyAsync(address);
        Assert.Equal(69, code);
        Assert.StartsWith($"No server answers at {address}", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output)> ReadyAsync(string address, params string[] model)
    {
        using var output = new StringWriter();
        var code = await Task.Run(() => Gserve.Run(["ready", .. model, "--server", address], new CommandStreams(Stream.Null, output, output)));
        return (code, output.ToString());
    }
}
