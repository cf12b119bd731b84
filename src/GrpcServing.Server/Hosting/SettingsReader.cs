using System.Globalization;

namespace GrpcServing.Hosting;

/// <summary>Reads settings of one section, and collects what is wrong with them instead of stopping at the first.</summary>
internal sealed class SettingsReader(IConfigurationSection section)
{
    private readonly List<string> _errors = [];
    private readonly List<string> _known = [];

    public delegate bool Parser<T>(string text, out T value);

    public IReadOnlyList<string> Errors => _errors;

    public string Text(string key, string fallback)
    {
        _known.Add(key);
        return section[key] is { Length: > 0 } text ? text : fallback;
    }

    public int Number(string key, int fallback, int from, int to) =>
        Value(key, fallback, string.Create(CultureInfo.InvariantCulture, $"a whole number from {from} to {to}"),
            (string text, out int number) => int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out number) && number >= from && number <= to);

    /// <param name="expected">Completes the sentence "Serving:X (value) must be ...".</param>
    public T Value<T>(string key, T fallback, string expected, Parser<T> parse)
    {
        _known.Add(key);
        if (section[key] is not { Length: > 0 } text) return fallback;
        if (parse(text, out var value)) return value;
        Report(key, text, expected);
        return fallback;
    }

    public void Report(string key, string value, string expected) => _errors.Add($"{section.Path}:{key} ({value}) must be {expected}.");

    /// <summary>A mistyped key would otherwise be ignored without a word.</summary>
    public void ReportUnknownKeys()
    {
        foreach (var child in section.GetChildren())
            if (!_known.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
                _errors.Add($"{child.Path} is not a setting. Settings are {string.Join(", ", _known)}.");
    }
}
