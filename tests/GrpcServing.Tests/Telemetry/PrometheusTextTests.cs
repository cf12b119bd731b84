using System.Text;
using GrpcServing.Batching;
using GrpcServing.Models;
using GrpcServing.Telemetry;

namespace GrpcServing.Tests.Telemetry;

public sealed class PrometheusTextTests
{
    private static readonly ServingSnapshot Nothing = new([], ModelTable.Empty, []);

    [Theory]
    [InlineData(false, "a_b_seconds_total")]
    [InlineData(true, "a_b_seconds")]
    public void Write_Counter_HasTheUnitsWordAndTotal(bool openMetrics, string family) =>
        Assert.Equal($"# HELP {family} How long.\n# TYPE {family} counter\na_b_seconds_total{{model=\"m\"}} 0.5\n",
            Write(new MetricFamily("a.b", MetricKind.Counter, "s", "How long.", static _ => [new Sample([Tag("model", "m")], 0.5)]), openMetrics));

    [Fact]
    public void Write_Gauge_IsWrittenAsItIs() =>
        Assert.Equal("# HELP a_size_bytes How much.\n# TYPE a_size_bytes gauge\na_size_bytes 12345678901\n",
            Write(new MetricFamily("a.size", MetricKind.Gauge, "By", "How much.", static _ => [new Sample([], 12_345_678_901)])));

    [Theory]
    [InlineData(false, "counter")]
    [InlineData(true, "unknown")]
    public void Write_ForeignCounter_KeepsItsName(bool openMetrics, string type) =>
        Assert.Equal($"# HELP nv_x_us X\n# TYPE nv_x_us {type}\nnv_x_us 1\n",
            Write(new MetricFamily("nv_x_us", MetricKind.Counter, "", "X", static _ => [new Sample([], 1)]) { IsForeign = true }, openMetrics));

    [Fact]
    public void Write_HostileLabel_IsEscaped() =>
        Assert.EndsWith("a{model=\"x\\\"} 1\\n# \\\\\"} 1\n",
            Write(new MetricFamily("a", MetricKind.Gauge, "{x}", "A", static _ => [new Sample([Tag("model", "x\"} 1\n# \\")], 1)])), StringComparison.Ordinal);

    [Fact]
    public void Write_NoSeries_WritesNothing() => Assert.Equal("", Write(new MetricFamily("a", MetricKind.Gauge, "{x}", "A", static _ => [])));

    [Theory]
    [InlineData(false, "1", "")]
    [InlineData(true, "1.0", " # {trace_id=\"00000000000000000000000000000001\",span_id=\"0000000000000002\"} 0.75 1700000000.250")]
    public void Write_Histogram_CountsUpAndShowsExemplarsWhereTheFormatHasThem(bool openMetrics, string one, string exemplar)
    {
        var distribution = new DistributionSnapshot([0.5, 1], [2, 1, 0], [0.2, 0.75, 0], [default, new Exemplar(
            System.Diagnostics.ActivityTraceId.CreateFromString("00000000000000000000000000000001"), System.Diagnostics.ActivitySpanId.CreateFromString("0000000000000002"), 0.75, 1_700_000_000.25), default]);

        var text = Write(new MetricFamily("a", MetricKind.Histogram, "s", "A", _ => [new Sample([Tag("m", "x")], 0, distribution)]), openMetrics);

        Assert.Equal($$"""
            # HELP a_seconds A
            # TYPE a_seconds histogram
            a_seconds_bucket{m="x",le="0.5"} 2
            a_seconds_bucket{m="x",le="{{one}}"} 3{{exemplar}}
            a_seconds_bucket{m="x",le="+Inf"} 3
            a_seconds_sum{m="x"} 0.95
            a_seconds_count{m="x"} 3

            """, text);
    }

    [Fact]
    public void Labels_OfEveryMemberOfEverySet_AreWordsOfTheirOwn()
    {
        AssertWords(Enum.GetValues<ErrorReason>().Select(ReasonLabels.Of));
        AssertWords(Enum.GetValues<BatchCloseReason>().Select(ReasonLabels.Of));
        AssertWords(Enum.GetValues<VersionState>().Select(static state => ReasonLabels.Of(new VersionEntry(1, state, "why", null))));
        AssertWords(ReasonLabels.States);
    }

    [Fact]
    public void Families_Names_FollowTheConventionsAndAreUnique()
    {
        var families = new ServingFamilies(1).All;

        Assert.All(families, static family => Assert.Matches(@"^grpcserving(\.[a-z]+(_[a-z]+)*)+$", family.Name));
        Assert.All(families, static family => Assert.Matches(@"^(s|By|1|\{[a-z]+\})$", family.Unit));
        Assert.All(families, static family => Assert.EndsWith(".", family.Description, StringComparison.Ordinal));
        Assert.All(families, static family => Assert.Equal(family.Kind == MetricKind.Histogram, !family.Bounds.IsEmpty));
        Assert.Distinct(families.Select(static family => family.PrometheusName));
    }

    [Fact]
    public void Triton_FailureOfEveryReason_IsOneOfItsWords() =>
        Assert.Equal(["BACKEND", "CANCELED", "OTHER", "REJECTED"], Enum.GetValues<ErrorReason>().Where(static reason => reason != ErrorReason.None).Select(TritonFamilies.FailureOf).Distinct().Order());

    private static void AssertWords(IEnumerable<string> labels)
    {
        var all = labels.ToArray();
        Assert.Distinct(all);
        Assert.All(all, static label => Assert.Matches("^[a-z]+(_[a-z]+)*$", label));
    }

    private static KeyValuePair<string, object?> Tag(string key, string value) => new(key, value);

    private static string Write(MetricFamily family, bool openMetrics = false)
    {
        var text = new StringBuilder();
        PrometheusText.Write(text, [family], Nothing, openMetrics);
        return text.ToString();
    }
}
