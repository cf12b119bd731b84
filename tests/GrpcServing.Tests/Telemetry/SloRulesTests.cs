using System.Text.RegularExpressions;
using GrpcServing.Models;
using GrpcServing.Telemetry;

namespace GrpcServing.Tests.Telemetry;

public sealed class SloRulesTests
{
    private static readonly string Observability = Path.Combine(FindRoot(), "deploy", "observability");

    /// <summary>Factors of the table of the SRE workbook, for both of its common periods, and of sloth's week.</summary>
    [Theory]
    [InlineData(30, "14.4 6 3 1")]
    [InlineData(28, "13.44 5.6 2.8 0.9333")]
    [InlineData(7, "13.44 3.5 1.4 0.98")]
    public void Factor_OfEveryWindow_IsTheTables(int days, string factors)
    {
        var period = Assert.Single(SloPeriod.All, period => period.Days == days);

        Assert.Equal(factors.Split(' ').Select(static factor => decimal.Parse(factor, System.Globalization.CultureInfo.InvariantCulture)), period.Windows.Select(window => Math.Round(period.Factor(window), 4)));
        Assert.Equal(["1h 5m page", "6h 30m page", "1d 2h ticket", "3d 6h ticket"], period.Windows.Select(static window => $"{window.Long} {window.Short} {window.Severity}"));
    }

    [Fact]
    public void Command_WithoutARepository_WritesTheCommittedFile()
    {
        var (code, rules, _) = Gserve();

        Assert.Equal(ExitCodes.Success, code);
        Assert.True(rules == File.ReadAllText(Path.Combine(Observability, "rules", "grpcserving-slo.yaml")),
            "The committed rules are not what the code writes: gserve slo rules --output deploy/observability/rules/grpcserving-slo.yaml");
    }

    [Fact]
    public void Command_WithARepository_WritesItsObjectivesIntoTheFile()
    {
        using var repository = new Repository(("a", """{ "slo": { "availability": 0.9 } }"""));
        var file = Path.Combine(repository.Path, "rules.yaml");

        var (code, output, errors) = Gserve("--repository", repository.Path, "--output", file, "--days", "7", "--runbooks", "https://example.org/");

        Assert.Equal((ExitCodes.Success, "", ""), (code, output, errors));
        Assert.Contains("> (13.44 * 0.1))", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.Contains("\"https://example.org/availability.md\"", File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Fact]
    public void Command_ThatCannotDoItsWork_SaysWhy()
    {
        using var wrong = new Repository(("a", """{ "slo": { "availability": 2 } }"""));

        Assert.Equal(ExitCodes.InvalidInput, Gserve("--repository", wrong.Path).Code);
        Assert.Contains("slo.availability (2) must be", Gserve("--repository", wrong.Path).Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.NoInput, Gserve("--repository", Path.Combine(wrong.Path, "nothing")).Code);
        Assert.Equal(ExitCodes.CannotWrite, Gserve("--output", Path.Combine(wrong.Path, "no", "such", "file")).Code);
        Assert.Equal(ExitCodes.Usage, Gserve("--days", "12").Code);
    }

    [Fact]
    public void Write_ModelWithItsOwn_IsLeftOutOfTheDefaults()
    {
        var rules = SloRules.Write(new Dictionary<string, SloConfiguration> { ["a.b+c"] = new(0.95m, null, null) }, SloPeriod.Default, "https://example.org/runbooks");

        Assert.Contains("""grpcserving_requests_total{model="a.b+c",lane""", rules, StringComparison.Ordinal);
        Assert.Contains("""model!~"a\\.b\\+c|",""", rules, StringComparison.Ordinal);
        Assert.Contains("> (14.4 * 0.05))", rules, StringComparison.Ordinal);
        Assert.Contains("runbook_url: \"https://example.org/runbooks/availability.md\"", rules, StringComparison.Ordinal);
        Assert.DoesNotContain("model=\"a.b+c\",lane=\"primary\",outcome=\"ok\"", rules, StringComparison.Ordinal);
    }

    [Fact]
    public void Alerts_EveryOne_HasSeveritySummaryAndARunbookThatExists()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Observability, "rules"), "*.yaml"))
        {
            var alerts = File.ReadAllText(file).Split("\n  - ").Where(static rule => rule.StartsWith("alert: ", StringComparison.Ordinal)).ToArray();
            Assert.NotEmpty(alerts);
            Assert.All(alerts, static alert =>
            {
                Assert.Matches("severity: (page|ticket)", alert);
                Assert.Contains("summary: \"", alert, StringComparison.Ordinal);
                var runbook = Regex.Match(alert, "runbook_url: \"deploy/observability/(runbooks/[a-z-]+\\.md)\"");
                Assert.True(runbook.Success && File.Exists(Path.Combine(Observability, runbook.Groups[1].Value)), alert);
            });
        }
    }

    [Theory]
    [InlineData("""{ "slo": { "availability": 1 } }""", "model.json: slo.availability (1) must be a number, 0.5..0.99999")]
    [InlineData("""{ "slo": { "latency": { "threshold": "00:00:00.300", "target": 0.99 } } }""", "model.json: slo.latency.threshold (00:00:00.3000000) must be one that durations are counted by: 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 seconds")]
    [InlineData("""{ "slo": { "latency": { "threshold": "00:00:01" } } }""", "model.json: slo.latency.target is missing: a latency objective has a threshold and a target")]
    [InlineData("""{ "slo": { "uptime": 0.99 } }""", "model.json: slo.uptime is not a key")]
    public void ReadRepository_WrongObjective_IsNamed(string json, string error)
    {
        using var repository = new Repository(("m", json));

        Assert.Contains(error, Assert.Throws<ModelLoadException>(() => SloRules.ReadRepository(repository.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadRepository_Objectives_AreTaken()
    {
        using var repository = new Repository(
            ("a", """{ "slo": { "availability": 0.999, "latency": { "threshold": "00:00:00.100", "target": 0.95 }, "deadlineMet": 0.9 } }"""),
            ("b", """{ "maxBatchSize": 4 }"""),
            ("c", """{ "slo": {} }"""));

        var objectives = SloRules.ReadRepository(repository.Path);

        Assert.Equal(new SloConfiguration(0.999m, new LatencySlo(TimeSpan.FromSeconds(0.1), 0.95m), 0.9m), objectives["a"]);
        Assert.Equal(new SloConfiguration(null, null, null), objectives["c"]);
        Assert.Equal(["a", "c"], objectives.Keys);
    }

    private static (int Code, string Output, string Errors) Gserve(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = GrpcServing.Gserve.Run(["slo", "rules", .. arguments], new CommandStreams(Stream.Null, output, errors));
        return (code, output.ToString(), errors.ToString());
    }

    private static string FindRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "GrpcServing.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("The tests run outside of a checkout: GrpcServing.sln was not found above them.");
        return directory;
    }

    private sealed class Repository : IDisposable
    {
        public Repository(params (string Model, string Json)[] models)
        {
            foreach (var (model, json) in models)
            {
                Directory.CreateDirectory(System.IO.Path.Combine(Path, model, "1"));
                File.WriteAllText(System.IO.Path.Combine(Path, model, "model.json"), json);
            }
        }

        public string Path { get; } = Directory.CreateTempSubdirectory("slos").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
