using System.Globalization;
using System.Text;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Models;
using GrpcServing.Telemetry;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>The alert rules, judged by promtool on series that must and must not raise them.</summary>
public sealed class RuleTests
{
    private static readonly string Rules = Path.Combine(TestPaths.Root, "deploy", "observability", "rules");

    [Fact]
    public async Task CommittedFiles_AreValid()
    {
        await Promtool.SkipWhenMissingAsync();

        await Promtool.PassesAsync(["check", "rules", .. Directory.EnumerateFiles(Rules, "*.yaml")]);
        await Promtool.PassesAsync("check", "config", Path.Combine(TestPaths.Root, "deploy", "observability", "prometheus.yml"));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(28)]
    [InlineData(30)]
    public async Task Write_HostileModelNames_AreValidRules(int days)
    {
        await Promtool.SkipWhenMissingAsync();
        var slo = new SloConfiguration(0.99m, new LatencySlo(TimeSpan.FromSeconds(2.5), 0.95m), 0.9m);
        string[] names = ["plain", "a.b*c", "q\"uote", "back\\slash", "br{ace}", "{{ $labels }}", "line\nbreak", "emoji-\U0001F600", "ümlaut", "# comment: 'x'", "100%"];
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "rules.yaml");
        var period = SloPeriod.All.Single(one => one.Days == days);
        await File.WriteAllTextAsync(file, SloRules.Write(names.ToDictionary(static name => name, _ => slo), period, "https://example.org"), TestContext.Current.CancellationToken);

        await Promtool.PassesAsync("check", "rules", file);
    }

    /// <summary>Ten requests a second: first without errors, then with a constant share of them, then without again. Which alerts of 99.9 % fire at the end?</summary>
    [Theory]
    [InlineData(6 * 60, 20, 60, 0, "page")]
    [InlineData(6 * 60, 20, 8, 0, "")]
    [InlineData(6 * 60, 20, 60, 8, "")]
    [InlineData(0, 8, 8 * 60, 0, "page")]
    [InlineData(22 * 60, 5, 2 * 60, 0, "")]
    [InlineData(0, 4, 26 * 60, 0, "ticket")]
    [InlineData(0, 2, 4 * 24 * 60, 0, "ticket")]
    [InlineData(0, 0.5, 4 * 24 * 60, 0, "")]
    [InlineData(60, 0, 60, 0, "")]
    public Task Availability_ErrorsPerThousand_RaiseTheAlertsOfTheTable(int healthy, double errorsPerThousand, int minutes, int recovered, string severity)
    {
        var (all, share) = (healthy + minutes + recovered, errorsPerThousand / 1000);
        return AlertsAsync(
            all,
            [
                Counter("grpcserving_requests_total", "model=\"m\",version=\"1\",lane=\"primary\",outcome=\"ok\"", all, (600, healthy), (600 * (1 - share), minutes), (600, recovered)),
                Counter("grpcserving_requests_total", "model=\"m\",version=\"1\",lane=\"primary\",outcome=\"queue_full\"", all, (0, healthy), (600 * share, minutes), (0, recovered)),
                // What callers did wrong is nobody's budget.
                Counter("grpcserving_requests_total", "model=\"m\",version=\"1\",lane=\"primary\",outcome=\"invalid_argument\"", 600, all),
                Counter("grpcserving_requests_total", "outcome=\"not_found\"", 600, all),
            ],
            Expect("GrpcServingAvailabilityPage", severity == "page"),
            // What pages has spent a ticket's budget only when it went on for long.
            severity == "page" || recovered > 0 ? null : Expect("GrpcServingAvailabilityTicket", severity == "ticket"));
    }

    /// <summary>A model whose only version never became ready has failures and not one answer: the quotient must not vanish with the missing series.</summary>
    [Fact]
    public Task Availability_ModelThatAnswersNobody_Pages() => AlertsAsync(
        90,
        [Counter("grpcserving_requests_total", "model=\"m\",outcome=\"not_ready\"", 60, 90)],
        Expect("GrpcServingAvailabilityPage", true));

    [Fact]
    public Task Availability_OneModelOfMany_PagesForItAlone() => AlertsAsync(
        90,
        [
            Counter("grpcserving_requests_total", "model=\"well\",version=\"1\",lane=\"primary\",outcome=\"ok\"", 60_000, 90),
            Counter("grpcserving_requests_total", "model=\"m\",version=\"1\",lane=\"primary\",outcome=\"ok\"", 60, 90),
            Counter("grpcserving_requests_total", "model=\"m\",version=\"1\",lane=\"primary\",outcome=\"internal\"", 6, 90),
        ],
        Expect("GrpcServingAvailabilityPage", true));

    [Fact]
    public Task NoTraffic_RaisesNothing() => AlertsAsync(
        24 * 60,
        [
            Counter("grpcserving_requests_total", "model=\"m\",version=\"1\",lane=\"primary\",outcome=\"ok\"", 0, 24 * 60),
            Counter("grpcserving_requests_total", "model=\"m\",version=\"1\",lane=\"primary\",outcome=\"queue_full\"", 0, 24 * 60),
            Counter("grpcserving_deadlines_total", "model=\"m\",version=\"1\",lane=\"primary\",result=\"met\"", 0, 24 * 60),
            Counter("grpcserving_deadlines_total", "model=\"m\",version=\"1\",lane=\"primary\",result=\"missed\"", 0, 24 * 60),
            .. Durations(0, 0, 24 * 60),
        ],
        Expect("GrpcServingAvailabilityPage", false), Expect("GrpcServingAvailabilityTicket", false), Expect("GrpcServingLatencyPage", false), Expect("GrpcServingLatencyTicket", false), Expect("GrpcServingDeadlineMetPage", false), Expect("GrpcServingDeadlineMetTicket", false));

    /// <summary>A day without requests, then two hours of errors. Hours of 0 / 0 before them must not swallow the alert, nor the budget of the period.</summary>
    [Fact]
    public Task NoTrafficThenErrors_Pages() => AlertsAsync(
        26 * 60,
        [
            Counter("grpcserving_requests_total", "model=\"m\",version=\"1\",lane=\"primary\",outcome=\"ok\"", 26 * 60, (0, 24 * 60), (60, 2 * 60)),
            Counter("grpcserving_requests_total", "model=\"m\",version=\"1\",lane=\"primary\",outcome=\"execution_failed\"", 26 * 60, (0, 24 * 60), (20, 2 * 60)),
        ],
        [Budget("slo:sli_error:ratio_rate30d", "0.25")],
        Expect("GrpcServingAvailabilityPage", true));

    [Theory]
    [InlineData(0.2, true)]
    [InlineData(0.05, false)]
    public Task Latency_ShareAboveASecond_Pages(double slowShare, bool fires) => AlertsAsync(
        2 * 60, Durations(600, slowShare, 2 * 60), Expect("GrpcServingLatencyPage", fires));

    [Theory]
    [InlineData(0.2, true)]
    [InlineData(0.05, false)]
    public Task DeadlineMet_ShareMissed_Pages(double missed, bool fires) => AlertsAsync(
        2 * 60,
        [
            Counter("grpcserving_deadlines_total", "model=\"m\",version=\"1\",lane=\"primary\",result=\"met\"", 600 * (1 - missed), 2 * 60),
            Counter("grpcserving_deadlines_total", "model=\"m\",version=\"1\",lane=\"primary\",result=\"missed\"", 600 * missed, 2 * 60),
        ],
        Expect("GrpcServingDeadlineMetPage", fires));

    [Fact]
    public Task Health_EveryCondition_RaisesItsAlert() => AlertsAsync(
        60,
        [
            Series("up", "job=\"grpcserving\",instance=\"a\"", "0x60"),
            Series("grpcserving_model_state", "instance=\"a\",model=\"m\",version=\"1\",state=\"unavailable\"", "1x60"),
            Series("grpcserving_circuit_open", "instance=\"a\",model=\"m\",version=\"1\",lane=\"primary\"", "1x60"),
            Counter("grpcserving_execution_wasted_seconds_total", "instance=\"a\",model=\"m\",version=\"1\",lane=\"primary\"", 6, 60),
            Counter("grpcserving_execution_duration_seconds_sum", "instance=\"a\",model=\"m\",version=\"1\",lane=\"primary\",rows=\"1\"", 54, 60),
            Counter("grpcserving_execution_planned_seconds_total", "instance=\"a\",model=\"m\",version=\"1\",lane=\"primary\"", 30, 60),
            Counter("grpcserving_execution_plan_error_seconds_total", "instance=\"a\",model=\"m\",version=\"1\",lane=\"primary\"", 20, 60),
        ],
        Expect("GrpcServingDown", true), Expect("GrpcServingNoData", true), Expect("GrpcServingModelUnavailable", true), Expect("GrpcServingCircuitOpen", true), Expect("GrpcServingDeviceTimeWasted", true), Expect("GrpcServingPlanOff", true));

    [Fact]
    public Task Health_OfAServerThatIsWell_RaisesNothing() => AlertsAsync(
        60,
        [
            Series("up", "job=\"grpcserving\",instance=\"a\"", "1x60"),
            Counter("grpcserving_requests_total", "instance=\"a\",model=\"m\",version=\"1\",lane=\"primary\",outcome=\"ok\"", 60, 60),
            Series("grpcserving_model_state", "instance=\"a\",model=\"m\",version=\"1\",state=\"unavailable\"", "0x60"),
            Series("grpcserving_model_state", "instance=\"a\",model=\"m\",version=\"1\",state=\"unloaded\"", "1x60"),
            Series("grpcserving_circuit_open", "instance=\"a\",model=\"m\",version=\"1\",lane=\"primary\"", "0x60"),
            Counter("grpcserving_execution_wasted_seconds_total", "instance=\"a\",model=\"m\",version=\"1\",lane=\"primary\"", 0, 60),
            Counter("grpcserving_execution_duration_seconds_sum", "instance=\"a\",model=\"m\",version=\"1\",lane=\"primary\",rows=\"1\"", 0, 60),
            Counter("grpcserving_execution_planned_seconds_total", "instance=\"a\",model=\"m\",version=\"1\",lane=\"primary\"", 0, 60),
            Counter("grpcserving_execution_plan_error_seconds_total", "instance=\"a\",model=\"m\",version=\"1\",lane=\"primary\"", 0, 60),
        ],
        Expect("GrpcServingDown", false), Expect("GrpcServingNoData", false), Expect("GrpcServingModelUnavailable", false), Expect("GrpcServingCircuitOpen", false), Expect("GrpcServingDeviceTimeWasted", false), Expect("GrpcServingPlanOff", false));

    private static Task AlertsAsync(int minutes, string[] series, params (string Alert, bool Fires)?[] expected) => AlertsAsync(minutes, series, [], expected);

    /// <summary>Runs the committed rules over series, and asks at the end which alerts fire.</summary>
    private static async Task AlertsAsync(int minutes, string[] series, string[] expressions, params (string Alert, bool Fires)?[] expected)
    {
        await Promtool.SkipWhenMissingAsync();
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "rules.yaml");
        await File.WriteAllTextAsync(file, GroupsWith(expected.OfType<(string Alert, bool Fires)>().Select(static one => one.Alert)), TestContext.Current.CancellationToken);
        var test = new StringBuilder();
        test.Append(CultureInfo.InvariantCulture, $"rule_files: [{file}]\nevaluation_interval: {StepMinutes(minutes)}m\ntests:\n- interval: {StepMinutes(minutes)}m\n  input_series:\n{string.Concat(series)}  promql_expr_test:\n");
        foreach (var (alert, fires) in expected.OfType<(string Alert, bool Fires)>())
            test.Append(CultureInfo.InvariantCulture, $"  - expr: count(ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}})\n    eval_time: {minutes}m\n    exp_samples: {(fires ? "[{labels: '{}', value: 1}]" : "[]")}\n");
        foreach (var expression in expressions) test.Append(CultureInfo.InvariantCulture, $"{expression}    eval_time: {minutes}m\n");
        var path = Path.Combine(directory.Path, "test.yaml");
        await File.WriteAllTextAsync(path, test.ToString(), TestContext.Current.CancellationToken);

        await Promtool.PassesAsync("test", "rules", path);
    }

    /// <summary>Those groups of the committed files that have to do with these alerts: each costs promtool seconds for a day.</summary>
    private static string GroupsWith(IEnumerable<string> alerts)
    {
        var groups = Directory.EnumerateFiles(Rules, "*.yaml").SelectMany(static file => File.ReadAllText(file).Split("\n- name: ").Skip(1)).ToArray();
        var objectives = groups.Where(group => alerts.Any(alert => group.Contains($"- alert: {alert}\n", StringComparison.Ordinal))).Select(static group => group.Split('\n')[0].Trim('"').Replace("sloth-slo-alerts", "", StringComparison.Ordinal)).ToArray();
        return "groups:\n" + string.Concat(groups.Where(group => objectives.Any(objective => group.Split('\n')[0].Trim('"').EndsWith(objective, StringComparison.Ordinal))).Select(static group => $"- name: {group}\n"));
    }

    private static (string Alert, bool Fires)? Expect(string alert, bool fires) => (alert, fires);

    private static string Budget(string name, string value) => $"  - expr: round({name}{{sloth_slo=\"availability\"}}, 0.01)\n    exp_samples: [{{labels: '{{model=\"m\", sloth_id=\"grpcserving-availability\", sloth_service=\"grpcserving\", sloth_slo=\"availability\", sloth_window=\"30d\"}}', value: {value}}}]\n";

    /// <summary>A counter that grows evenly.</summary>
    private static string Counter(string name, string labels, double perMinute, int minutes) => Counter(name, labels, minutes, (perMinute, minutes));

    /// <summary>A counter that grows evenly for so long, then otherwise.</summary>
    private static string Counter(string name, string labels, int minutes, params (double PerMinute, int Minutes)[] parts)
    {
        var (step, total, values) = (StepMinutes(minutes), 0.0, new StringBuilder("0"));
        foreach (var (perMinute, length) in parts.Where(static part => part.Minutes > 0))
        {
            var (gain, steps) = (perMinute * step, length / step);
            values.Append(CultureInfo.InvariantCulture, $" {total + gain}+{gain}x{steps - 1}");
            total += gain * steps;
        }
        return Series(name, labels, values.ToString());
    }

    /// <summary>Coarse where a test spans days: promtool evaluates every rule at every step.</summary>
    private static int StepMinutes(int minutes) => minutes > 10 * 60 ? 4 : 1;

    private static string Series(string name, string labels, string values) => $"  - {{series: '{name}{{{labels}}}', values: '{values}'}}\n";

    private static string[] Durations(double perMinute, double slowShare, int minutes) =>
    [
        Counter("grpcserving_request_duration_seconds_count", "model=\"m\",version=\"1\",lane=\"primary\",outcome=\"ok\"", perMinute, minutes),
        Counter("grpcserving_request_duration_seconds_bucket", "model=\"m\",version=\"1\",lane=\"primary\",outcome=\"ok\",le=\"1.0\"", perMinute * (1 - slowShare), minutes),
        Counter("grpcserving_request_duration_seconds_bucket", "model=\"m\",version=\"1\",lane=\"primary\",outcome=\"ok\",le=\"+Inf\"", perMinute, minutes),
    ];
}
