using System.Globalization;
using System.Text.Json;

namespace GrpcServing.Models;

/// <summary>One object of model.json, read key by key; a key that nobody asked for is an error.</summary>
/// <remarks>
/// Every getter registers its key, so the keys that exist are exactly those that are read. A getter whose value is wrong reports it
/// and answers null, as if the key were not there: reading goes on and finds the next error.
/// </remarks>
internal sealed class JsonSection
{
    private readonly JsonElement _element;
    private readonly string _file;
    private readonly string _path;
    private readonly ConfigurationErrors _errors;
    private readonly List<string> _known = [];

    /// <param name="file">For messages.</param>
    /// <param name="path">"" for the whole file, else the object's path with a dot at its end.</param>
    public JsonSection(JsonElement element, string file, string path, ConfigurationErrors errors)
    {
        (_element, _file, _path, _errors) = (element, file, path, errors);
    }

    public string Where(string key) => $"{_file}: {_path}{key}";

    public void Report(string key, string problem) => _errors.Add(Where(key), problem);

    /// <summary>Every key, for a section whose keys are the user's own names.</summary>
    public IEnumerable<string> Keys => _element.EnumerateObject().Select(static property => property.Name);

    /// <summary>True when the key is there at all.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <returns>Those of the keys that are there.</returns>
    public List<string> Present(params ReadOnlySpan<string> keys)
    {
        var present = new List<string>();
        foreach (var key in keys)
            if (Has(key)) present.Add(key);
        return present;
    }

    public Setting<int>? Int(string key, int least, int most)
    {
        var value = Long(key, least, most);
        return value is null ? null : new Setting<int>((int)value.Value, value.Where);
    }

    public Setting<long>? Long(string key, long least, long most)
    {
        if (Find(key) is not { } element) return null;
        if (element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var value) && value >= least && value <= most)
            return new Setting<long>(value, Where(key));
        return Wrong<long>(key, element, $"a whole number, {least}..{most}");
    }

    public Setting<double>? Number(string key, double least, double most)
    {
        if (Find(key) is not { } element) return null;
        if (element.ValueKind == JsonValueKind.Number && element.GetDouble() is var value && value >= least && value <= most)
            return new Setting<double>(value, Where(key));
        return Wrong<double>(key, element, string.Create(CultureInfo.InvariantCulture, $"a number, {least:0.0########}..{most:0.0########}"));
    }

    public Setting<bool>? Flag(string key)
    {
        if (Find(key) is not { } element) return null;
        if (element.ValueKind is JsonValueKind.True or JsonValueKind.False) return new Setting<bool>(element.GetBoolean(), Where(key));
        return Wrong<bool>(key, element, "true or false");
    }

    /// <param name="accepts">Whether the string is one of <paramref name="expected"/>.</param>
    /// <param name="expected">Ends the sentence "... must be".</param>
    public Setting<string>? Text(string key, Func<string, bool> accepts, string expected)
    {
        if (Find(key) is not { } element) return null;
        if (element.ValueKind == JsonValueKind.String && element.GetString() is { } text && accepts(text))
            return new Setting<string>(text, Where(key));
        return Wrong<string>(key, element, expected);
    }

    /// <param name="infinite">Whether the word <c>infinite</c> is taken, for <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    public Setting<TimeSpan>? Duration(string key, TimeSpan least, TimeSpan most, bool infinite = false)
    {
        if (Find(key) is not { } element) return null;
        if (element.ValueKind == JsonValueKind.String)
        {
            var text = element.GetString();
            if (infinite && text == "infinite") return new Setting<TimeSpan>(Timeout.InfiniteTimeSpan, Where(key));
            if (TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
                return new Setting<TimeSpan>(value, Where(key));
        }
        return Wrong<TimeSpan>(key, element, $"a string like \"00:00:00.250\", {least:c}..{most:c}{(infinite ? ", or \"infinite\"" : "")}");
    }

    /// <summary>An array of whole numbers; one error per wrong item, and then null.</summary>
    public Setting<List<long>>? Longs(string key, long least, long most)
    {
        if (Find(key) is not { } element) return null;
        if (element.ValueKind != JsonValueKind.Array) return Wrong<List<long>>(key, element, $"an array of whole numbers, {least}..{most}");
        var values = new List<long>();
        var index = 0;
        foreach (var item in element.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var value) && value >= least && value <= most) values.Add(value);
            else Wrong<long>($"{key}[{index}]", item, $"a whole number, {least}..{most}");
            index++;
        }
        return values.Count == index ? new Setting<List<long>>(values, Where(key)) : null;
    }

    public JsonSection? Section(string key)
    {
        if (Find(key) is not { } element) return null;
        if (element.ValueKind == JsonValueKind.Object) return new JsonSection(element, _file, $"{_path}{key}.", _errors);
        Wrong<string>(key, element, "an object");
        return null;
    }

    /// <summary>Call after the last getter: reports keys that none of them asked for, and keys given twice.</summary>
    public void Finish()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in _element.EnumerateObject())
        {
            if (!_known.Contains(property.Name)) Report(property.Name, $"is not a key of this file{NearestName.Hint(property.Name, _known)}");
            else if (!seen.Add(property.Name)) Report(property.Name, "is given more than once");
        }
    }

    private JsonElement? Find(string key)
    {
        if (!_known.Contains(key)) _known.Add(key);
        return _element.TryGetProperty(key, out var element) ? element : null;
    }

    private Setting<T>? Wrong<T>(string key, JsonElement element, string expected)
    {
        Report(key, $"({Show(element)}) must be {expected}");
        return null;
    }

    private static string Show(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        _ => element.GetRawText(),
    };
}
