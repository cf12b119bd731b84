using System.Xml.Linq;
using Google.Protobuf.WellKnownTypes;
using GrpcServing.Protos.Admin.V1;
using GrpcServing.Reporting;

namespace GrpcServing.Tests.Reporting;

public class ReportPageTests
{
    private const string Hostile = "<script>alert('x')</script>";

    [Fact]
    public void Render_WholeReport_IsWellFormedAndHoldsItsNumbers()
    {
        var page = ReportPage.Render(Report());

        var document = XDocument.Parse(page.Replace("<!doctype html>", "", StringComparison.Ordinal));
        var text = string.Concat(document.Descendants().Where(static element => !element.HasElements).Select(static element => element.Value + "\n"));
        foreach (var expected in new[] { "FAIL", "1,300", "40", "3.1 % [1.98 %, 4.66 %]", "abcd1234", "1.35x [1.02, 1.77]", "dropped: queue full", "globex", "flagged", "above the budget" })
            Assert.Contains(expected, text, StringComparison.Ordinal);
        // Disagreement, evidence, ratio, one execution time and the coverage: plots are drawn in the page, not linked.
        Assert.Equal(5, document.Descendants("figure").Count(static figure => figure.Elements().First().Name.LocalName == "svg"));
        Assert.Single(document.Descendants(), static element => (string?)element.Attribute("class") == "pixels");
    }

    [Fact]
    public void Render_WholeReport_AsksNothingOfTheNetwork()
    {
        var page = ReportPage.Render(Report());

        Assert.DoesNotContain("src=", page, StringComparison.Ordinal);
        Assert.DoesNotContain("href=", page, StringComparison.Ordinal);
        Assert.DoesNotContain("url(", page.Replace("url(#", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Render_TextOfCallers_IsTextInThePage()
    {
        var report = Report();
        report.Disagreements[0].RequestId = report.Slices[0].Name = report.Status.Model = report.Status.Reason = Hostile;

        Assert.DoesNotContain(Hostile, ReportPage.Render(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Render_ReportOfAShadowThatHasSeenNothing_SaysSo()
    {
        var report = new ShadowReport { Status = new ShadowStatus { Model = "m", Candidate = 2, Primary = 1 }, Settings = new ShadowSettings { Candidate = 2 } };

        var page = ReportPage.Render(report);

        Assert.Contains("UNDECIDED", page, StringComparison.Ordinal);
        Assert.Contains("Not enough pairs to plot yet.", page, StringComparison.Ordinal);
    }

    private static ShadowReport Report()
    {
        var at = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddDays(20000));
        var report = new ShadowReport
        {
            CreatedAt = at,
            ServerVersion = "1.0",
            Settings = new ShadowSettings { Candidate = 2, Primary = 1, DisagreementBudget = 0.01, Alpha = 0.05, MaxExecutionRatio = 1.1, SliceParameter = "tenant" },
            PrimaryFile = new ModelFile { Version = 1, Bytes = 10, Sha256 = "abcd1234" },
            CandidateFile = new ModelFile { Version = 2, Bytes = 20, Sha256 = "ef567890" },
            Coverage = new Coverage { Eligible = 1412, Compared = 1300, LoadCorrelation = 0.2, Bands = { new CoverageBand { Load = 10, Eligible = 700, Compared = 690 }, new CoverageBand { Load = 100, Eligible = 712, Compared = 610 } } },
            Status = new ShadowStatus
            {
                Model = "digits", Primary = 1, Candidate = 2, Verdict = Protos.Admin.V1.Verdict.Fail, Reason = "disagreement is above the budget", StartedAt = at, Pairs = 1300, Disagreements = 40, Eligible = 1412, Mirrored = 1400,
                Guards =
                {
                    new Guard { Name = "disagreement", Verdict = Protos.Admin.V1.Verdict.Fail, Budget = 0.01, Interval = new Interval { Estimate = 0.031, Lower = 0.0198, Upper = 0.0466 }, DecidedAt = 1300, Observations = 1300 },
                    new Guard { Name = "execution_ratio", Budget = 1.1, Interval = new Interval { Estimate = 1.35, Lower = 1.02, Upper = 1.77 }, Observations = 20 },
                },
                Dropped = { ["queue_full"] = 60 },
            },
            Outputs = { new OutputReport { Name = "probabilities", Kind = "class_scores", Rows = 1300, DisagreeingRows = 40, Metrics = { ["max_difference"] = new Summary { Count = 1300, Mean = 0.02 } } } },
            Slices = { new SliceReport { Name = "globex", Pairs = 400, Disagreements = 30, Flagged = true }, new SliceReport { Name = "acme", Pairs = 900, Disagreements = 10 } },
            Confusion = { new ConfusionCell { Output = "probabilities", Primary = "4", Candidate = "9", Rows = 40 }, new ConfusionCell { Output = "probabilities", Primary = "4", Candidate = "4", Rows = 1260 } },
            Execution = { new ExecutionTimes { BatchRows = 1, Primary = Times(3), Candidate = Times(4) } },
            Disagreements = { new Disagreement { RequestId = "r1", Reason = "class 4 became 9", At = at, Inputs = { new TensorPreview { Name = "image", Datatype = "FP32", Shape = { 1, 16 }, Numbers = { Enumerable.Range(0, 16).Select(static i => (double)i) } } } } },
        };
        for (var i = 1; i <= 20; i++)
        {
            report.Series.Add(new SeriesPoint { At = at, Pairs = 65 * i, LogE = 0.1 * i, Disagreement = new Interval { Estimate = 0.03, Lower = 0.01, Upper = 0.06 }, ExecutionRatio = new Interval { Estimate = 1.3, Lower = 1, Upper = 2 } });
        }
        return report;
    }

    private static Histogram Times(int peak) => new() { Bounds = { 1e-6, 2e-6, 4e-6, 8e-6, 16e-6 }, Counts = { Enumerable.Range(0, 6).Select(i => i == peak ? 10L : 1L) }, Sum = 1e-4 };
}
