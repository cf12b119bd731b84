using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>Prometheus' own tools, as Debian packs them.</summary>
internal static class Promtool
{
    public const string Missing = "Prometheus and promtool are not here; on Debian and Ubuntu: apt-get install prometheus";

    public static async Task SkipWhenMissingAsync() => Assert.SkipWhen((await Command.RunAsync("promtool", ["--version"])).Code != 0, Missing);

    public static async Task PassesAsync(params string[] arguments)
    {
        var (code, output) = await Command.RunAsync("promtool", arguments);
        Assert.True(code == 0, output);
    }
}
