using System.Text.Json;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Publishing;

/// <summary><c>gserve</c> as a process: built, and as the native executable that is shipped.</summary>
[Collection(Alone.Name)]
public sealed class ToolTests(PublishedTool published) : IClassFixture<PublishedTool>
{
    [Fact]
    public async Task Verdict_OfTheBuiltTool_PrintsItAndExitsWithIt() => await CheckVerdictAsync("dotnet", Path.Combine(AppContext.BaseDirectory, "gserve.dll"));

    [Fact]
    public async Task Verdict_OfTheNativeTool_IsTheSame()
    {
        Assert.SkipWhen(published.Missing.Length > 0, published.Missing);
        Assert.True(published.ExitCode == 0, published.Output);
        Assert.DoesNotContain("warning ", published.Output, StringComparison.Ordinal);

        await CheckVerdictAsync(published.Executable);
    }

    private static async Task CheckVerdictAsync(string file, params string[] host)
    {
        using var directory = new TemporaryDirectory();
        var pairs = Path.Combine(directory.Path, "pairs");
        await File.WriteAllLinesAsync(pairs, Enumerable.Range(1, 200).Select(static i => i % 20 == 0 ? "1" : "0"), TestContext.Current.CancellationToken);

        var (code, output) = await Command.RunAsync(file, [.. host, "shadow", "verdict", "--pairs", pairs, "--gate"]);

        Assert.True(code == 1, output);
        var verdict = JsonElement.Parse(output);
        Assert.Equal("FAIL", verdict.GetProperty("verdict").GetString());
        Assert.Equal(140, verdict.GetProperty("decidedAt").GetInt32());

        Assert.Equal(0, (await Command.RunAsync(file, [.. host, "--help"])).Code);
        Assert.Equal(64, (await Command.RunAsync(file, [.. host, "shadow", "verdict"])).Code);
        Assert.Equal(66, (await Command.RunAsync(file, [.. host, "shadow", "verdict", "--pairs", pairs + "?"])).Code);
    }
}
