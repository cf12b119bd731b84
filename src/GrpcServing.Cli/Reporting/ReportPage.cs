using GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Reporting;

/// <summary>A report as one HTML file that needs nothing else: no network, no script.</summary>
internal static class ReportPage
{
    private const int MostDisagreements = 24;

    public static string Render(ShadowReport report)
    {
        var status = report.Status;
        var page = new Html();
        page.Raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>");
        page.Element("title", $"{Words.Verdict(status.Verdict)}: {status.Model} {status.Candidate} against {status.Primary}");
        page.Raw($"<style>{ReportStyle.Css}</style></head><body><main>");
        Head(page, report);
        ReportSections.Evidence(page, report);
        ReportSections.Confusion(page, report);
        Disagreements(page, report);
        ReportSections.Outputs(page, report);
        ReportSections.Slices(page, report);
        ReportSections.Execution(page, report);
        ReportSections.Coverage(page, report);
        ReportSections.Settings(page, report);
        return page.Raw("</main></body></html>\n").ToString();
    }

    /// <summary>The verdict, why, and the numbers behind it: all that many readers look at.</summary>
    private static void Head(Html page, ShadowReport report)
    {
        var status = report.Status;
        var until = status.EndedAt ?? report.CreatedAt;
        var ran = until is not null && status.StartedAt is not null ? Words.Duration(until.ToDateTimeOffset() - status.StartedAt.ToDateTimeOffset()) : "–";
        page.Open("header", $"class=\"{Words.Verdict(status.Verdict).ToLowerInvariant()}\"");
        page.Element("p", $"Shadow of {status.Model}: may version {status.Candidate} replace version {status.Primary}?", "class=\"quiet\"");
        page.Element("h1", Words.Verdict(status.Verdict)).Element("p", status.Reason);
        page.Element("p", $"{Words.State(status.State)} · {Words.Instant(status.StartedAt)} · {ran}", "class=\"quiet\"").Close("header");
        page.Open("div", "class=\"tiles\"");
        Tile(page, "pairs compared", Words.Count(status.Pairs));
        Tile(page, "disagreeing", Words.Count(status.Disagreements), status.Pairs > 0 ? Words.Share((double)status.Disagreements / status.Pairs) : "");
        Tile(page, "candidate errors", Words.Count(status.CandidateErrors));
        Tile(page, "noise: primary against itself", Words.Count(status.ControlDisagreements), $"of {Words.Count(status.ControlPairs)} control pairs");
        Tile(page, "coverage", status.Eligible > 0 ? Words.Share((double)status.Pairs / status.Eligible) : "–", $"of {Words.Count(status.Eligible)} eligible");
        page.Close("div");
        page.Table(["condition", "verdict", "measured, with its confidence sequence#", "budget#", "log e-value#", "observations#", "decided at#"], status.Guards.Where(static guard => guard.Name != "labels" || guard.Observations > 0).Select(static guard => new[]
        {
            Words.Label(guard.Name), Words.Verdict(guard.Verdict), Interval(guard), Budget(guard), Words.Significant(guard.LogE), Words.Count(guard.Observations), guard.DecidedAt > 0 ? Words.Count(guard.DecidedAt) : "–",
        }));
    }

    private static void Disagreements(Html page, ShadowReport report)
    {
        if (report.Disagreements.Count == 0) return;
        ReportSections.Begin(page, "Worst disagreements", "Each can be sent again: gserve export, gserve replay.");
        page.Open("div", "class=\"cards\"");
        foreach (var disagreement in report.Disagreements.Take(MostDisagreements))
        {
            page.Open("article");
            foreach (var input in disagreement.Inputs)
                if (TensorPicture.TryDraw(input) is { } picture) page.Raw(picture);
            page.Element("p", disagreement.Reason);
            Preview(page, "inputs", disagreement.Inputs);
            Preview(page, "primary", disagreement.Primary);
            Preview(page, "candidate", disagreement.Candidate);
            var id = disagreement.RequestId.Length > 0 ? $"request {disagreement.RequestId} · " : "";
            var slice = disagreement.Slice.Length > 0 ? $"slice {disagreement.Slice} · " : "";
            page.Element("p", $"{id}{slice}{Words.Instant(disagreement.At)}", "class=\"quiet\"").Close("article");
        }
        page.Close("div");
        ReportSections.End(page);
    }

    private static void Preview(Html page, string side, IEnumerable<TensorPreview> tensors)
    {
        foreach (var tensor in tensors)
        {
            const int Shown = 16;
            var elements = tensor.Texts.Count > 0 ? tensor.Texts : tensor.Numbers.Select(Words.Significant);
            var more = tensor.Truncated || Math.Max(tensor.Texts.Count, tensor.Numbers.Count) > Shown ? ", …" : "";
            page.Open("details", side == "inputs" ? "" : "open=\"open\"").Element("summary", $"{side}: {tensor.Name} {tensor.Datatype} [{string.Join(", ", tensor.Shape)}]");
            page.Element("code", $"{string.Join(", ", elements.Take(Shown))}{more}").Close("details");
        }
    }

    private static void Tile(Html page, string title, string value, string note = "") =>
        page.Open("div").Element("span", title, "class=\"quiet\"").Element("strong", value).Element("span", note, "class=\"quiet\"").Close("div");

    private static string Interval(Guard guard) => guard.Name.Contains("ratio", StringComparison.Ordinal) ? Words.Ratio(guard.Interval) : Words.Share(guard.Interval);

    private static string Budget(Guard guard) => guard.Name.Contains("ratio", StringComparison.Ordinal) ? $"{Words.Significant(guard.Budget)}x" : Words.Share(guard.Budget);
}
