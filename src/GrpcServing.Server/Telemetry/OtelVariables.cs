using System.Globalization;

namespace GrpcServing.Telemetry;

/// <summary>Reads OpenTelemetry's variables. One that cannot be used counts as not set, and is remembered for a warning, as the specification wants.</summary>
internal sealed class OtelVariables(IConfiguration configuration)
{
    private readonly List<string> _warnings = [];

    public delegate bool Parser<T>(string text, out T value);

    /// <summary>A sentence for each variable that was ignored.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Trimmed; null when it is not set, or empty, which is the same.</summary>
    public string? Text(string name) => configuration[name]?.Trim() is { Length: > 0 } text ? text : null;

    public bool Flag(string name) => string.Equals(Text(name), "true", StringComparison.OrdinalIgnoreCase);

    public int Number(string name, int fallback, int from) => Number([name], fallback, from);

    /// <summary>The first of several that is set.</summary>
    public int Number(string[] names, int fallback, int from) =>
        Value(names, fallback, string.Create(CultureInfo.InvariantCulture, $"a whole number of at least {from}"),
            (string text, out int number) => int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out number) && number >= from);

    /// <param name="names">The first that is set counts.</param>
    /// <param name="expected">Completes the sentence "X (value) must be ...".</param>
    public T Value<T>(string[] names, T fallback, string expected, Parser<T> parse)
    {
        foreach (var name in names)
        {
            if (Text(name) is not { } text) continue;
            if (parse(text, out var value)) return value;
            Warn(name, text, expected);
        }
        return fallback;
    }

    public void Warn(string name, string value, string expected) => _warnings.Add($"{name} ({value}) must be {expected}; it is ignored.");
}
