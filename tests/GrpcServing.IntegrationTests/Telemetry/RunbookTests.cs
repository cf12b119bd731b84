using System.Net;
using System.Text.RegularExpressions;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>What a runbook tells an operator to call exists, and what it tells to look for is there.</summary>
public sealed partial class RunbookTests
{
    private static readonly string Runbooks = Path.Combine(TestPaths.Root, "deploy", "observability", "runbooks");

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Runbooks).Select(static file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Commands_OfARunbook_Work(string file)
    {
        await using var server = await RunningServer.StartAsync(TestPaths.Examples);
        await server.Client.InferAsync(Digits.Request(0));
        var text = await File.ReadAllTextAsync(Path.Combine(Runbooks, file), TestContext.Current.CancellationToken);
        var commands = Curl().Matches(text);

        Assert.NotEmpty(commands);
        foreach (Match command in commands)
        {
            using var request = new HttpRequestMessage(command.Groups["post"].Success ? HttpMethod.Post : HttpMethod.Get, new Uri(command.Groups["path"].Value, UriKind.Relative));
            using var response = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            if (!command.Groups["grep"].Success) continue;
            var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Matches(new Regex(command.Groups["grep"].Value, RegexOptions.Multiline), body);
        }
        foreach (Match link in Link().Matches(text)) Assert.True(File.Exists(Path.Combine(Runbooks, link.Groups[1].Value)), link.Value);
    }

    [GeneratedRegex(@"^\s*curl -s(?: -o /dev/null -w '[^']*')?(?<post> -X POST)? localhost:8000(?<path>\S+)(?: \| grep (?:-E )?'(?<grep>[^']+)')?", RegexOptions.Multiline)]
    private static partial Regex Curl();

    [GeneratedRegex(@"\]\(([a-z-]+\.md)\)")]
    private static partial Regex Link();
}
