using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using GrpcServing.Protos.Admin.V1;
using ProtoDuration = Google.Protobuf.WellKnownTypes.Duration;

namespace GrpcServing.Shadowing;

/// <summary>The options of <c>gserve shadow start</c>; one that is not given is left to the server's default.</summary>
internal sealed class SettingOptions
{
    private readonly Option<long> _candidate = new("--candidate") { Description = "Version that gets the copies.", Required = true, HelpName = "VERSION" };
    private readonly Option<long> _primary = new("--primary") { Description = "Version whose traffic is copied. Default: the newest served one that is not the candidate.", HelpName = "VERSION" };
    private readonly Option<double?> _fraction = Number("--fraction", "Share of the eligible requests to copy, 0 to 1. Default 1.");
    private readonly Option<string[]> _filters = new("--filter") { Description = "Copy only requests whose parameter has this value; may be given again, all must hold.", HelpName = "PARAMETER=VALUE" };
    private readonly Option<string> _slice = new("--slice") { Description = "Request parameter whose values are judged one by one too.", HelpName = "PARAMETER", DefaultValueFactory = static _ => "" };
    private readonly Option<double?> _budget = Number("--budget", "Share of requests that may disagree. Default 0.01.");
    private readonly Option<double?> _errorBudget = Number("--error-budget", "Share of requests that the candidate may fail. Default 0.001.");
    private readonly Option<double?> _ratio = Number("--max-execution-ratio", "Largest acceptable execution time per row, candidate over primary. Default 1.10.");
    private readonly Option<double?> _alpha = Number("--alpha", "Probability of a wrong verdict. Default 0.05.");
    private readonly Option<double?> _control = Number("--control-fraction", "Share of the pairs that the primary runs again, to measure its own noise. Default 0.05.");
    private readonly Option<long?> _minPairs = new("--min-pairs") { Description = "Pairs before PASS. Default 300.", HelpName = "COUNT" };
    private readonly Option<TimeSpan?> _minDuration = Time("--min-duration", "Time before PASS. Default 24h.");
    private readonly Option<TimeSpan?> _expires = Time("--expires-after", "End by itself after this time, undecided if need be. Default: never.");
    private readonly Option<TimeSpan?> _maxAge = Time("--max-age", "Drop a copy that could not run for this long. Default 2s.");
    private readonly Option<string[]> _comparators = new("--comparator") { Description = "How to compare an output: class_scores, labels, regression, embedding, ranking, text, exact or ignore; may be given again.", HelpName = "OUTPUT=KIND" };

    public IEnumerable<Option> All =>
        [_candidate, _primary, _fraction, _filters, _slice, _budget, _errorBudget, _ratio, _alpha, _control, _minPairs, _minDuration, _expires, _maxAge, _comparators];

    /// <param name="error">What is wrong with the pairs of names and values; null when nothing is.</param>
    public Protos.Admin.V1.ShadowSettings Read(ParseResult parsed, out string? error)
    {
        error = null;
        var settings = new Protos.Admin.V1.ShadowSettings
        {
            Candidate = parsed.GetValue(_candidate),
            Primary = parsed.GetValue(_primary),
            SliceParameter = parsed.GetValue(_slice) ?? "",
            MinDuration = Duration(parsed.GetValue(_minDuration)),
            ExpiresAfter = Duration(parsed.GetValue(_expires)),
            MaxAge = Duration(parsed.GetValue(_maxAge)),
        };
        if (parsed.GetValue(_fraction) is { } fraction) settings.Fraction = fraction;
        if (parsed.GetValue(_budget) is { } budget) settings.DisagreementBudget = budget;
        if (parsed.GetValue(_errorBudget) is { } errorBudget) settings.ErrorBudget = errorBudget;
        if (parsed.GetValue(_ratio) is { } ratio) settings.MaxExecutionRatio = ratio;
        if (parsed.GetValue(_alpha) is { } alpha) settings.Alpha = alpha;
        if (parsed.GetValue(_control) is { } control) settings.ControlFraction = control;
        if (parsed.GetValue(_minPairs) is { } pairs) settings.MinPairs = pairs;
        foreach (var (parameter, value) in Split(parsed.GetValue(_filters), "--filter", ref error))
            settings.Filters.Add(new ParameterFilter { Parameter = parameter, Equals_ = value });
        foreach (var (output, kind) in Split(parsed.GetValue(_comparators), "--comparator", ref error))
            settings.Comparators[output] = kind == "ignore" ? new Comparator { Ignore = true } : new Comparator { Kind = kind };
        return settings;
    }

    /// <summary><c>90s</c>, <c>15m</c>, <c>24h</c>, <c>7d</c>, or hours, minutes and seconds with colons.</summary>
    internal static bool TryParseTime(string text, out TimeSpan time)
    {
        time = default;
        if (text.Length > 1 && "smhd".IndexOf(text[^1], StringComparison.Ordinal) is >= 0 and var unit
            && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var amount) && amount >= 0 && amount < 1e6)
        {
            time = amount * new[] { TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), TimeSpan.FromDays(1) }[unit];
            return true;
        }
        return text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out time) && time >= TimeSpan.Zero;
    }

    private static List<(string Name, string Value)> Split(string[]? pairs, string option, ref string? error)
    {
        var split = new List<(string, string)>();
        foreach (var pair in pairs ?? [])
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at > 0) split.Add((pair[..at], pair[(at + 1)..]));
            else error ??= $"{option} ({pair}) must be NAME=VALUE.";
        }
        return split;
    }

    private static ProtoDuration? Duration(TimeSpan? span) => span is { } given ? ProtoDuration.FromTimeSpan(given) : null;

    private static Option<double?> Number(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "NUMBER",
        CustomParser = result => Parse<double>(result, name, "a number", static (string text, out double value) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value)),
    };

    private static Option<TimeSpan?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "TIME",
        CustomParser = result => Parse<TimeSpan>(result, name, "a time such as 90s, 15m, 24h or 7d", TryParseTime),
    };

    private delegate bool Parser<T>(string text, out T value);

    private static T? Parse<T>(ArgumentResult result, string name, string expected, Parser<T> parser)
        where T : struct
    {
        var text = result.Tokens[0].Value;
        if (parser(text, out var value)) return value;
        result.AddError($"{name} ({text}) must be {expected}.");
        return null;
    }
}
