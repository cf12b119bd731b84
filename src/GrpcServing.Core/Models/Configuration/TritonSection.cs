using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>One message of config.pbtxt, read field by field; a field that nobody asked for is an error.</summary>
/// <remarks>
/// Every getter registers its field, so the fields that exist are exactly those that are read, refused or ignored. A getter whose value
/// is wrong reports it and answers null, as if the field were not there: reading goes on and finds the next error.
/// </remarks>
internal sealed class TritonSection
{
    public const string FileName = "config.pbtxt";

    private readonly TextMessage _message;
    private readonly string _path;
    private readonly ConfigurationErrors _errors;
    private readonly List<string> _known = [];

    /// <param name="path">"" for the whole file, else the message's path with a dot at its end.</param>
    public TritonSection(TextMessage message, string path, ConfigurationErrors errors)
    {
        (_message, _path, _errors) = (message, path, errors);
    }

    public int Line => _message.At.Line;

    public static string At(int line, string field) => $"{FileName}:{line}: {field}";

    /// <summary>Where the field stands, or the message when it is not there.</summary>
    public string Where(string field) => At(LineOf(field), _path + field);

    public void Report(string field, string problem)
    {
        var line = LineOf(field);
        _errors.Add(At(line, _path + field), problem, line);
    }

    public bool Has(string field) => _message.Fields.Any(candidate => candidate.Name == field);

    /// <returns>Those of the fields that are there.</returns>
    public List<string> Present(params ReadOnlySpan<string> fields)
    {
        var present = new List<string>();
        foreach (var field in fields)
            if (Has(field)) present.Add(field);
        return present;
    }

    public Setting<string>? Text(string field)
    {
        if (Single(field) is not { } value) return null;
        return value is TextString text ? new Setting<string>(text.Value, Where(field)) : Wrong<string>(field, value, "a string in quotes");
    }

    public Setting<long>? Long(string field, long least, long most)
    {
        if (Single(field) is not { } value) return null;
        return TryLong(value, out var number) && number >= least && number <= most
            ? new Setting<long>(number, Where(field))
            : Wrong<long>(field, value, $"a whole number, {least}..{most}");
    }

    public Setting<int>? Int(string field, int least, int most) =>
        Long(field, least, most) is { } value ? new Setting<int>((int)value.Value, value.Where) : null;

    /// <summary>An unsigned count of microseconds.</summary>
    public Setting<TimeSpan>? Microseconds(string field, TimeSpan most) =>
        Long(field, 0, most.Ticks / TimeSpan.TicksPerMicrosecond) is { } value
            ? new Setting<TimeSpan>(TimeSpan.FromTicks(value.Value * TimeSpan.TicksPerMicrosecond), value.Where)
            : null;

    public Setting<bool>? Flag(string field)
    {
        if (Single(field) is not { } value) return null;
        bool? flag = value switch
        {
            TextIdentifier { Name: "true" or "True" or "t" } or TextInteger { Negative: false, Magnitude: 1 } => true,
            TextIdentifier { Name: "false" or "False" or "f" } or TextInteger { Magnitude: 0 } => false,
            _ => null,
        };
        return flag is { } known ? new Setting<bool>(known, Where(field)) : Wrong<bool>(field, value, "true or false");
    }

    /// <param name="names">The enum's names, each at its number.</param>
    /// <returns>The number.</returns>
    public Setting<int>? Enum(string field, ImmutableArray<string> names)
    {
        if (Single(field) is not { } value) return null;
        var number = value switch
        {
            TextIdentifier identifier => names.IndexOf(identifier.Name),
            TextInteger { Negative: false } integer when integer.Magnitude < (ulong)names.Length => (int)integer.Magnitude,
            _ => -1,
        };
        return number >= 0 ? new Setting<int>(number, Where(field)) : Wrong<int>(field, value, $"one of {string.Join(", ", names)}");
    }

    /// <summary>A repeated number; null when the field is not there, empty when it is <c>[]</c>. One error per wrong item, and then null.</summary>
    public Setting<ImmutableArray<long>>? Longs(string field, long least, long most, string? expected = null)
    {
        Know(field);
        if (!Has(field)) return null;
        var values = Values(field);
        var numbers = ImmutableArray.CreateBuilder<long>(values.Length);
        foreach (var value in values)
        {
            if (TryLong(value, out var number) && number >= least && number <= most) numbers.Add(number);
            else Wrong<long>(field, value, expected ?? $"a whole number, {least}..{most}");
        }
        return numbers.Count == values.Length ? new Setting<ImmutableArray<long>>(numbers.ToImmutable(), Where(field)) : null;
    }

    public TritonSection? Section(string field)
    {
        if (Single(field) is not { } value) return null;
        if (value is TextMessage message) return new TritonSection(message, $"{_path}{field}.", _errors);
        Wrong<string>(field, value, "a message, { ... }");
        return null;
    }

    public IEnumerable<TritonSection> Sections(string field)
    {
        Know(field);
        foreach (var value in Values(field))
        {
            if (value is TextMessage message) yield return new TritonSection(message, $"{_path}{field}.", _errors);
            else Wrong<string>(field, value, "a message, { ... }");
        }
    }

    /// <summary>The entries of a map. <paramref name="read"/> takes <c>key</c> and <c>value</c> from each and says the key; a key met twice is an error.</summary>
    public void Map(string field, Func<TritonSection, string?> read)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in Sections(field))
        {
            if (read(entry) is { } key && !keys.Add(key)) entry.Report("key", $"('{key}') is given more than once");
            entry.Finish();
        }
    }

    /// <summary>Reports the field as one that this server does not do.</summary>
    /// <param name="why">What to do instead, or why not.</param>
    public void Refuse(string field, string why)
    {
        Know(field);
        if (Has(field)) Report(field, $"is not supported: {why}");
    }

    /// <summary>Takes a flag only when it is false.</summary>
    /// <param name="why">What to do instead, or why not.</param>
    public void RefuseTrue(string field, string why)
    {
        if (Flag(field) is { Value: true }) Report(field, $"(true) is not supported: {why}");
    }

    /// <summary>Takes the field without effect.</summary>
    /// <param name="because">Ends the remark "... has no effect: ".</param>
    public void Ignore(string field, string because, List<string> remarks)
    {
        Know(field);
        if (Has(field)) remarks.Add($"{Where(field)} has no effect: {because}.");
    }

    /// <summary>Call after the last getter: reports fields that none of them asked for.</summary>
    public void Finish()
    {
        foreach (var field in _message.Fields)
        {
            if (_known.Contains(field.Name)) continue;
            var line = field.At.Line;
            _errors.Add(At(line, _path + field.Name), $"is not a field of Triton's model configuration{NearestName.Hint(field.Name, _known)}", line);
        }
    }

    private int LineOf(string field) => _message.Fields.FirstOrDefault(candidate => candidate.Name == field)?.At.Line ?? Line;

    private void Know(string field)
    {
        if (!_known.Contains(field)) _known.Add(field);
    }

    private TextValue? Single(string field)
    {
        Know(field);
        var fields = _message.Fields.Where(candidate => candidate.Name == field).ToArray();
        if (fields.Length == 0) return null;
        foreach (var again in fields.Skip(1))
            _errors.Add(At(again.At.Line, _path + field), $"is given more than once; the first is on line {fields[0].At.Line}", again.At.Line);
        return fields[0].Value;
    }

    private ImmutableArray<TextValue> Values(string field) =>
    [
        .. _message.Fields
            .Where(candidate => candidate.Name == field)
            .SelectMany(static candidate => candidate.Value is TextList list ? list.Items : [candidate.Value])
    ];

    private Setting<T>? Wrong<T>(string field, TextValue value, string expected)
    {
        _errors.Add(At(value.At.Line, _path + field), $"({Show(value)}) must be {expected}", value.At.Line);
        return null;
    }

    private static bool TryLong(TextValue value, out long number)
    {
        number = 0;
        if (value is not TextInteger integer) return false;
        if (integer.Magnitude > long.MaxValue) return false;
        number = integer.Negative ? -(long)integer.Magnitude : (long)integer.Magnitude;
        return true;
    }

    private static string Show(TextValue value) => value switch
    {
        TextInteger integer => $"{(integer.Negative ? "-" : "")}{integer.Magnitude}",
        TextFloat number => number.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        TextString text => $"\"{text.Value}\"",
        TextIdentifier identifier => identifier.Name,
        TextList => "a list",
        _ => "a message",
    };
}
