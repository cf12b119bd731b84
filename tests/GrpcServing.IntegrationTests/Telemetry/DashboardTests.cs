using System.Text.Json;
using System.Text.RegularExpressions;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>Every panel and every alert finds its data: in a real Prometheus that scrapes a real server under load.</summary>
[Collection(Alone.Name)]
public sealed partial class DashboardTests
{
    private static readonly string Dashboards = Path.Combine(TestPaths.Root, "deploy", "observability", "dashboards");

    [Fact]
    public async Task EveryPanelAndAlert_UnderLoad_ReturnsData()
    {
        await Promtool.SkipWhenMissingAsync();
        using var models = TestModels.Repository("slow", "poison");
        TestPaths.CopyModel(TestPaths.Examples, "digits", models.Path);
        await File.WriteAllTextAsync(Path.Combine(models.Path, "slow", "model.json"), """{ "maxBatchSize": 1, "batching": { "maxQueueRows": 1 }, "execution": { "instances": 1 } }""", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(models.Path, "digits", "model.json"), """{ "versions": { "all": true }, "shadow": { "candidate": 1 } }""", TestContext.Current.CancellationToken);
        await using var server = await RunningServer.StartAsync(models.Path);
        await using var prometheus = await PrometheusProcess.StartAsync(server.Http.BaseAddress!);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var load = LoadAsync(server, enough.Token);
        // Rates need two scrapes, the burn rate its recorded ratio, and the change of class shares what was a while before.
        await UntilAsync(async () => await prometheus.CountAsync("slo:period_error_budget_remaining:ratio") >= 3 && await prometheus.CountAsync("rate(grpcserving_rows_total[5s] offset 10s) > 0") > 0 && await prometheus.CountAsync("grpcserving_shadow_execution_ratio") > 0);

        var exported = (await prometheus.GetAsync("/api/v1/label/__name__/values")).EnumerateArray().Select(static name => name.GetString()!).ToHashSet(StringComparer.Ordinal);
        var failures = new List<string>();
        foreach (var (where, expression) in Panels()) await CheckAsync(prometheus, exported, where, expression, failures);
        foreach (var group in (await prometheus.GetAsync("/api/v1/rules")).GetProperty("groups").EnumerateArray())
        {
            foreach (var rule in group.GetProperty("rules").EnumerateArray())
            {
                var name = rule.GetProperty("name").GetString()!;
                if (rule.GetProperty("health").GetString() != "ok") failures.Add($"{name}: {rule}");
                var isAlert = rule.GetProperty("type").GetString() == "alerting";
                await CheckAsync(prometheus, exported, name, isAlert ? Always(rule.GetProperty("query").GetString()!) : name, failures);
            }
        }
        await enough.CancelAsync();
        await load;

        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    [Fact]
    public void EveryPanel_SaysWhatItShows()
    {
        foreach (var file in Directory.EnumerateFiles(Dashboards, "*.json"))
        {
            var dashboard = JsonDocument.Parse(File.ReadAllText(file)).RootElement;
            Assert.Equal(["datasource", "model", "version"], dashboard.GetProperty("templating").GetProperty("list").EnumerateArray().Select(static variable => variable.GetProperty("name").GetString()));
            Assert.NotEmpty(dashboard.GetProperty("description").GetString()!);
            var panels = dashboard.GetProperty("panels").EnumerateArray().Where(static panel => panel.GetProperty("type").GetString() != "row").ToArray();
            Assert.Distinct(dashboard.GetProperty("panels").EnumerateArray().Select(static panel => panel.GetProperty("id").GetInt32()));
            Assert.All(panels, static panel =>
            {
                Assert.NotEmpty(panel.GetProperty("title").GetString()!);
                Assert.EndsWith(".", panel.GetProperty("description").GetString(), StringComparison.Ordinal);
                Assert.NotEmpty(panel.GetProperty("fieldConfig").GetProperty("defaults").GetProperty("unit").GetString()!);
                Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString());
                Assert.NotEmpty(panel.GetProperty("targets").EnumerateArray());
            });
        }
        Assert.Equal(["batching.json", "quality.json", "serving.json", "shadow.json"], Directory.EnumerateFiles(Dashboards).Select(static file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
    }

    private static async Task CheckAsync(PrometheusProcess prometheus, HashSet<string> exported, string where, string expression, List<string> failures)
    {
        var names = MetricName().Matches(expression).Select(static match => match.Value).Distinct().ToArray();
        if (names.Length == 0) failures.Add($"{where} names no metric: {expression}");
        var missing = names.Where(name => !exported.Contains(name)).ToArray();
        if (missing.Length > 0) failures.Add($"{where} names what no server exports: {string.Join(", ", missing)}");
        else if (await prometheus.CountAsync(expression) == 0) failures.Add($"{where} has no data: {expression}");
    }

    /// <summary>The queries of all panels, with the variables as Grafana fills them in, and long windows as short as this test.</summary>
    private static IEnumerable<(string Where, string Expression)> Panels() =>
        from file in Directory.EnumerateFiles(Dashboards, "*.json")
        from panel in JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("panels").EnumerateArray()
        where panel.GetProperty("type").GetString() != "row"
        from target in panel.GetProperty("targets").EnumerateArray()
        select ($"{Path.GetFileName(file)}, {panel.GetProperty("title").GetString()}",
            target.GetProperty("expr").GetString()!.Replace("$model", ".*", StringComparison.Ordinal).Replace("$version", ".*", StringComparison.Ordinal)
                .Replace("$__rate_interval", "10s", StringComparison.Ordinal).Replace("[1h]", "[5s]", StringComparison.Ordinal).Replace("offset 1h", "offset 10s", StringComparison.Ordinal));

    /// <summary>An alert's expression without its limit: whatever the value is.</summary>
    private static string Always(string alert) =>
        Limit().Replace(alert, ">= 0") is var always && always.StartsWith("absent(", StringComparison.Ordinal) ? always["absent(".Length..^1] : always;

    private static async Task LoadAsync(RunningServer server, CancellationToken enough)
    {
        for (var i = 0; !enough.IsCancellationRequested; i++)
        {
            await Task.WhenAll(
                Calls.StatusAsync(server.Client.InferAsync(Digits.Request(i % 400, 1 + (i % 20)))),
                Calls.StatusAsync(server.Client.InferAsync(Digits.Request(i % 400, version: "1"))),
                Calls.StatusAsync(server.Client.InferAsync(TestModels.Poison(i % 5 == 0 ? 100 : 1))),
                Calls.StatusAsync(server.Client.InferAsync(Digits.Request(0).Misshapen())),
                Calls.StatusAsync(server.Client.InferAsync(TestModels.Versions(1, "", "unknown"))),
                // Now and then one that leaves while it runs.
                i % 10 == 0 ? Calls.StatusAsync(server.Client.ModelInferAsync(TestModels.Slow(1L << 40), deadline: Calls.In(TimeSpan.FromMilliseconds(60)), cancellationToken: TestContext.Current.CancellationToken).ResponseAsync) : Task.CompletedTask);
            // Copies run on what the primaries leave of the processor.
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> happened)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(6), TimeProvider.System);
        while (!await happened())
        {
            Assert.False(patience.IsCancellationRequested, "Prometheus has no data within six minutes.");
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    [GeneratedRegex(@"\b(grpcserving_|dotnet_|kestrel_|slo:|up\b)[a-z0-9_:]*")]
    private static partial Regex MetricName();

    [GeneratedRegex(@"(>|==)\s*(\([\d.]+ \* [\d.]+\)|[\d.]+$)", RegexOptions.Multiline)]
    private static partial Regex Limit();
}
