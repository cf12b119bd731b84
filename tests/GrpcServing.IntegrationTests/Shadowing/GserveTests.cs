using System.Text.Json;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Shadowing;

/// <summary>What an ML engineer types, against a real server: the held-out digits as live traffic.</summary>
public sealed class GserveTests
{
    private static readonly string Version2 = Path.Combine(TestPaths.Examples, "digits", "2", "model.onnx");

    [Fact]
    public async Task StartStatusReportStop_OverLiveDigits_TellTheSameStory()
    {
        using var files = new TemporaryDirectory();
        await using var server = await ShadowServer.OverDigitsAsync(Version2);
        var (html, json) = (Path.Combine(files.Path, "report.html"), Path.Combine(files.Path, "report.json"));

        var started = await RunAsync(server, "shadow", "start", "digits", "--candidate", "2", "--min-duration", "0s", "--max-execution-ratio", "3.9", "--max-age", "30s");
        await server.SendAllAsync(Digits.Count, static i => Digits.Request(i));
        var settled = await server.SettledAsync("digits", Digits.Count);
        var status = await RunAsync(server, "shadow", "status", "digits");
        var report = await RunAsync(server, "shadow", "report", "digits", "--html", html, "--json", json, "--gate");
        var stopped = await RunAsync(server, "shadow", "stop", "digits");
        var list = await RunAsync(server, "shadow", "list");

        Assert.Equal(ExitCodes.Success, started.Code);
        Assert.Contains("version 2 against version 1", started.Output, StringComparison.Ordinal);
        Assert.Contains($"pairs          {Digits.Count}, {settled.Disagreements} disagree", status.Output, StringComparison.Ordinal);
        using var facts = JsonDocument.Parse(await File.ReadAllTextAsync(json));
        Assert.Equal(settled.Disagreements, long.Parse(facts.RootElement.GetProperty("status").GetProperty("disagreements").GetString()!, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(facts.RootElement.GetProperty("status").GetProperty("verdict").GetString() switch { "VERDICT_PASS" => ExitCodes.Success, "VERDICT_FAIL" => ExitCodes.Fail, _ => ExitCodes.Undecided }, report.Code);
        var page = await File.ReadAllTextAsync(html);
        Assert.Contains("Classes of probabilities", page, StringComparison.Ordinal);
        Assert.Contains("class=\"pixels\"", page, StringComparison.Ordinal);
        Assert.Contains("stopped", stopped.Output, StringComparison.Ordinal);
        Assert.Contains("digits  2 against 1  stopped", list.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExportAndReplay_ReproduceTheComparison()
    {
        using var files = new TemporaryDirectory();
        await using var server = await ShadowServer.OverDigitsAsync(Version2);
        var (all, different) = (Path.Combine(files.Path, "all"), Path.Combine(files.Path, "different"));
        await RunAsync(server, "shadow", "start", "digits", "--candidate", "2", "--max-age", "30s");
        Assert.Equal(ExitCodes.Success, (await RunAsync(server, "shadow", "capture", "digits", "--fraction", "1")).Code);
        await server.SendAllAsync(Digits.Count, static i => Digits.Request(i));
        var settled = await server.SettledAsync("digits", Digits.Count);

        await RunAsync(server, "shadow", "export", "digits", "-o", all);
        await RunAsync(server, "shadow", "export", "digits", "-o", different, "--disagreements");
        var candidate = await RunAsync(server, "replay", all, "--model", "digits", "--version", "2", "--json");
        var primary = await RunAsync(server, "replay", all, "--model", "digits", "--version", "1", "--json", "--gate");
        var worst = await RunAsync(server, "replay", different, "--model", "digits", "--version", "2", "--json");

        Assert.Equal((Digits.Count, settled.Disagreements, Digits.Count), Counts(candidate.Output));
        Assert.Equal((Digits.Count, 0, Digits.Count - settled.Disagreements), Counts(primary.Output));
        Assert.Equal((settled.Disagreements, settled.Disagreements, settled.Disagreements), Counts(worst.Output));
        // 450 agreeing pairs are not enough for a budget of 1 %.
        Assert.Equal(ExitCodes.Undecided, primary.Code);
    }

    [Theory]
    [InlineData(ExitCodes.Refused, "nope", "shadow", "status", "nope")]
    [InlineData(ExitCodes.Refused, "nope", "shadow", "start", "nope", "--candidate", "2")]
    [InlineData(ExitCodes.Usage, "--candidate", "shadow", "start", "digits")]
    [InlineData(ExitCodes.Usage, "--fraction (much)", "shadow", "start", "digits", "--candidate", "2", "--fraction", "much")]
    [InlineData(ExitCodes.Usage, "--min-duration (soon)", "shadow", "start", "digits", "--candidate", "2", "--min-duration", "soon")]
    [InlineData(ExitCodes.Usage, "--filter (tenant)", "shadow", "start", "digits", "--candidate", "2", "--filter", "tenant")]
    [InlineData(ExitCodes.NoInput, "cannot be read", "replay", "/nowhere/file", "--model", "digits")]
    public async Task Command_ThatCannotWork_SaysWhyInALine(int code, string expected, params string[] arguments)
    {
        await using var server = await ShadowServer.OverDigitsAsync(Version2);

        var (exit, _, error) = await RunAsync(server, arguments);

        Assert.Equal(code, exit);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Command_WithoutAServer_SaysWhereItLooked()
    {
        var (code, _, error) = Run("shadow", "list", "--server", "http://127.0.0.1:1");

        Assert.Equal(ExitCodes.Unavailable, code);
        Assert.Contains("http://127.0.0.1:1", error, StringComparison.Ordinal);
    }

    private static (long Pairs, long Disagreements, long Reproduced) Counts(string json)
    {
        using var result = JsonDocument.Parse(json);
        return (result.RootElement.GetProperty("pairs").GetInt64(), result.RootElement.GetProperty("disagreements").GetInt64(), result.RootElement.GetProperty("reproduced").GetInt64());
    }

    private static Task<(int Code, string Output, string Error)> RunAsync(ShadowServer server, params string[] arguments) =>
        Task.Run(() => Run([.. arguments, "--server", server.Server.GrpcAddress]));

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = Gserve.Run(arguments, new CommandStreams(Stream.Null, output, error));
        return (code, output.ToString(), error.ToString());
    }
}
