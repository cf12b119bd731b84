using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using GrpcServing.Models;

namespace GrpcServing.Telemetry;

/// <summary>Writes a Prometheus rule file from objectives: recording rules under sloth's names, and multi-window burn-rate alerts.</summary>
/// <remarks>
/// Models with objectives of their own come first; the default objectives hold for every other model. Pure: the same input gives the same
/// text. Sloth's labels are kept so that its dashboards read the rules.
/// </remarks>
public static class SloRules
{
    /// <summary>Objectives of a model that names none.</summary>
    public static SloConfiguration Default { get; } = new(0.999m, new LatencySlo(TimeSpan.FromSeconds(1), 0.99m), 0.99m);

    /// <summary>Where runbooks lie unless the caller says otherwise: in the repository.</summary>
    public const string DefaultRunbooks = "deploy/observability/runbooks";

    /// <summary>Reads the objectives of every model of a repository.</summary>
    /// <returns>By model; models without objectives are not in it.</returns>
    /// <exception cref="ModelLoadException">A model's configuration is wrong.</exception>
    public static SortedDictionary<string, SloConfiguration> ReadRepository(string repository)
    {
        var objectives = new SortedDictionary<string, SloConfiguration>(StringComparer.Ordinal);
        foreach (var model in RepositoryScanner.Models(repository))
            if (ConfigurationReader.ReadSlo(Path.Combine(repository, model)) is { } slo) objectives.Add(model, slo);
        return objectives;
    }

    /// <param name="models">Objectives by model.</param>
    /// <param name="runbooks">URL or path under which the runbooks lie, without a slash at its end.</param>
    /// <returns>YAML.</returns>
    public static string Write(IReadOnlyDictionary<string, SloConfiguration> models, SloPeriod period, string runbooks)
    {
        var text = new StringBuilder("# Generated: change the objectives (\"slo\" in model.json), not this file.\ngroups:\n");
        foreach (var (model, slo) in models)
            foreach (var objective in SloObjective.Of(slo, $"model={Quote(model)},")) Write(text, objective, $"grpcserving-{objective.Name}-{model}", period, runbooks);
        var others = models.Count == 0 ? "model!=\"\"," : $"model!~{Quote(string.Join('|', models.Keys.Select(EscapePattern).Append("")))},";
        foreach (var objective in SloObjective.Of(Default, others)) Write(text, objective, $"grpcserving-{objective.Name}", period, runbooks);
        return text.ToString();
    }

    private static void Write(StringBuilder text, SloObjective objective, string id, SloPeriod period, string runbooks)
    {
        var selector = $"{{sloth_id={Quote(id)}}}";
        WriteRatios(text, objective, id, period, selector);
        WriteMeta(text, objective, id, period, selector);
        Group(text, $"sloth-slo-alerts-{id}");
        foreach (var severity in new[] { "page", "ticket" }) WriteAlert(text, objective, severity, id, period, selector, runbooks);
    }

    private static void WriteRatios(StringBuilder text, SloObjective objective, string id, SloPeriod period, string selector)
    {
        Group(text, $"sloth-slo-sli-recordings-{id}");
        var windows = period.Windows.SelectMany(static window => new[] { window.Short, window.Long }).Distinct().OrderBy(Hours).ToArray();
        foreach (var window in windows) Record(text, Ratio(window), objective.ErrorRatio(window), id, objective, window);
        // Of the whole period from the ratios of its parts: a rate over a month of raw series is more than a server should be asked for.
        var whole = $"{period.Days}d";
        Record(text, Ratio(whole), $"sum_over_time({Ratio(windows[0])}{selector}[{whole}])\n/ ignoring (sloth_window)\ncount_over_time({Ratio(windows[0])}{selector}[{whole}])", id, objective, whole);
    }

    private static void WriteMeta(StringBuilder text, SloObjective objective, string id, SloPeriod period, string selector)
    {
        Group(text, $"sloth-slo-meta-recordings-{id}");
        Record(text, "slo:objective:ratio", $"vector({Number(objective.Target)})", id, objective);
        Record(text, "slo:error_budget:ratio", $"vector(1-{Number(objective.Target)})", id, objective);
        Record(text, "slo:time_period:days", $"vector({period.Days})", id, objective);
        Record(text, "slo:current_burn_rate:ratio", $"{Ratio(period.Windows[0].Short)}{selector}\n/ on (sloth_id) group_left\nslo:error_budget:ratio{selector}", id, objective);
        Record(text, "slo:period_burn_rate:ratio", $"{Ratio($"{period.Days}d")}{selector}\n/ on (sloth_id) group_left\nslo:error_budget:ratio{selector}", id, objective);
        Record(text, "slo:period_error_budget_remaining:ratio", $"1 - slo:period_burn_rate:ratio{selector}", id, objective);
    }

    private static void WriteAlert(StringBuilder text, SloObjective objective, string severity, string id, SloPeriod period, string selector, string runbooks)
    {
        var conditions = period.Windows.Where(window => window.Severity == severity).Select(window =>
        {
            var limit = $"({Number(period.Factor(window))} * {Number(1 - objective.Target)})";
            return $"(\n  max without (sloth_window) ({Ratio(window.Short)}{selector} > {limit})\n  and\n  max without (sloth_window) ({Ratio(window.Long)}{selector} > {limit})\n)";
        });
        Line(text, $"  - alert: {objective.Alert}{(severity == "page" ? "Page" : "Ticket")}");
        Block(text, string.Join("\nor\n", conditions));
        Line(text, $"    labels: {{severity: {severity}, sloth_severity: {severity}}}");
        Line(text, $"    annotations:");
        Line(text, $"      summary: {Quote($"{{{{ $labels.model }}}}: the error budget of \"{objective.Promise}\" is spent too fast")}");
        Line(text, $"      description: {Quote("{{ $value | humanizePercentage }} of the latest requests broke the promise.")}");
        Line(text, $"      runbook_url: {Quote($"{runbooks}/{objective.Name}.md")}");
    }

    private static void Group(StringBuilder text, string name) => Line(text, $"- name: {Quote(name)}\n  rules:");

    private static void Record(StringBuilder text, string name, string expression, string id, SloObjective objective, string window = "")
    {
        Line(text, $"  - record: {name}");
        Block(text, expression);
        Line(text, $"    labels: {{sloth_id: {Quote(id)}, sloth_service: grpcserving, sloth_slo: {objective.Name}{(window.Length == 0 ? "" : $", sloth_window: {window}")}}}");
    }

    /// <summary>An expression as it is, over as many lines as it has.</summary>
    private static void Block(StringBuilder text, string expression)
    {
        Line(text, $"    expr: |-");
        foreach (var line in expression.Split('\n')) Line(text, $"      {line}");
    }

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Ratio(string window) => $"slo:sli_error:ratio_rate{window}";

    private static double Hours(string window) => int.Parse(window[..^1], CultureInfo.InvariantCulture) * window[^1] switch { 'm' => 1 / 60.0, 'h' => 1, _ => 24 };

    private static string Number(decimal number) => number.ToString("0.#########", CultureInfo.InvariantCulture);

    /// <summary>A string of YAML and of PromQL at once: both take everything but these as it is, and read these escapes.</summary>
    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\') quoted.Append('\\').Append(c);
            else if (char.IsControl(c)) quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }

    /// <summary>A name in a regular expression of RE2, which lets only punctuation be escaped.</summary>
    private static string EscapePattern(string name) => Regex.Replace(name, @"[\\.+*?()|\[\]{}^$]", @"\$0");
}
