using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using GrpcServing.IntegrationTests.Hosting;

namespace GrpcServing.IntegrationTests.Telemetry;

/// <summary>What /metrics says, read by the grammar of the Prometheus text format. Anything that does not fit it fails the test.</summary>
internal sealed class Scrape
{
    private readonly Dictionary<string, string> _types = [];
    private readonly List<Series> _series = [];

    private Scrape(string text, bool openMetrics)
    {
        var lines = text.Split('\n');
        Assert.Equal("", lines[^1]);
        foreach (var line in lines[..^1]) Read(line);
        Assert.Equal(openMetrics ? [lines.Length - 2] : [], lines.Index().Where(static line => line.Item == "# EOF").Select(static line => line.Index));
        // What OpenTelemetry's exporter writes is not counted: in this process other servers begin and end, and it may tell of an instrument of each.
        Assert.Equal([], _series.Where(static one => !one.Labels.ContainsKey("otel_scope_name")).GroupBy(static one => one.Key).Where(static alike => alike.Count() > 1).Select(static alike => alike.Key));
    }

    /// <summary>By family, for example <c>counter</c>.</summary>
    public IReadOnlyDictionary<string, string> Types => _types;

    public IReadOnlyList<Series> All => _series;

    public static async Task<Scrape> OfAsync(HttpClient http, bool openMetrics = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/metrics", UriKind.Relative));
        if (openMetrics) request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("application/openmetrics-text;version=1.0.0"));
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
        Assert.Equal(openMetrics ? "application/openmetrics-text" : "text/plain", response.Content.Headers.ContentType!.MediaType);
        return new Scrape(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), openMetrics);
    }

    /// <summary>Sum over all series of a name that have these labels; 0 when there are none.</summary>
    public double Sum(string name, params (string Label, string Value)[] labels) => Find(name, labels).Sum(static one => one.Value);

    public IEnumerable<Series> Find(string name, params (string Label, string Value)[] labels) =>
        _series.Where(one => one.Name == name && labels.All(label => one.Labels.GetValueOrDefault(label.Label, "") == label.Value));

    private void Read(string line)
    {
        if (line == "# EOF") return;
        if (line.StartsWith("# ", StringComparison.Ordinal))
        {
            var parts = line.Split(' ', 4);
            if (parts[1] == "TYPE") Assert.True(_types.TryAdd(parts[2], parts[3]), $"A family has one TYPE line: {line}");
            else Assert.True(parts[1] is "HELP" or "UNIT", line);
            return;
        }
        var reader = new LineReader(line);
        var name = reader.Name();
        var labels = reader.Labels();
        reader.Expect(' ');
        var (value, exemplar) = (reader.Number(), (Exemplar?)null);
        if (reader.TryExpect(" # "))
        {
            var of = reader.Labels();
            reader.Expect(' ');
            exemplar = new Exemplar(of, reader.Number());
            reader.Expect(' ');
            reader.Number();
        }
        else if (reader.TryExpect(" "))
        {
            reader.Number();
        }
        reader.End();
        _series.Add(new Series(name, labels, value, exemplar));
    }

    /// <summary>A sample.</summary>
    internal sealed record Series(string Name, IReadOnlyDictionary<string, string> Labels, double Value, Exemplar? Exemplar)
    {
        public string Key => $"{Name}{{{string.Join(',', Labels.OrderBy(static label => label.Key, StringComparer.Ordinal).Select(static label => $"{label.Key}={label.Value}"))}}}";
    }

    internal sealed record Exemplar(IReadOnlyDictionary<string, string> Labels, double Value);

    private sealed class LineReader(string line)
    {
        private int _at;

        public string Name() => While(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':');

        public Dictionary<string, string> Labels()
        {
            var labels = new Dictionary<string, string>(StringComparer.Ordinal);
            if (!TryExpect("{")) return labels;
            while (!TryExpect("}"))
            {
                if (labels.Count > 0) Expect(',');
                var name = Name();
                Expect('=');
                Expect('"');
                labels.Add(name, Quoted());
            }
            return labels;
        }

        public double Number()
        {
            var text = While(static c => c is not ' ');
            return text switch
            {
                "+Inf" => double.PositiveInfinity,
                "-Inf" => double.NegativeInfinity,
                _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
            };
        }

        public void Expect(char c) => Assert.True(_at < line.Length && line[_at++] == c, $"'{c}' expected at {_at - 1}: {line}");

        public bool TryExpect(string text)
        {
            if (string.CompareOrdinal(line, _at, text, 0, text.Length) != 0) return false;
            _at += text.Length;
            return true;
        }

        public void End() => Assert.True(_at == line.Length, $"end of line expected at {_at}: {line}");

        private string Quoted()
        {
            var text = new StringBuilder();
            while (line[_at] != '"')
            {
                var c = line[_at++];
                text.Append(c != '\\' ? c : line[_at++] switch { 'n' => '\n', '\\' => '\\', '"' => '"', var other => throw new FormatException($"\\{other} in {line}") });
            }
            _at++;
            return text.ToString();
        }

        private string While(Func<char, bool> belongs)
        {
            var start = _at;
            while (_at < line.Length && belongs(line[_at])) _at++;
            Assert.True(_at > start, $"something expected at {start}: {line}");
            return line[start.._at];
        }
    }
}
