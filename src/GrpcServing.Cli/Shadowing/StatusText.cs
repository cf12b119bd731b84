using GrpcServing.Protos.Admin.V1;
using GrpcServing.Reporting;

namespace GrpcServing.Shadowing;

/// <summary>A status as lines of plain text: what <c>status</c> prints and <c>watch</c> shows.</summary>
internal static class StatusText
{
    public static IEnumerable<string> Lines(ShadowStatus status)
    {
        yield return $"{status.Model}: version {status.Candidate} against version {status.Primary}, {Words.State(status.State)} since {Words.Instant(status.StartedAt)}";
        yield return $"verdict        {Words.Verdict(status.Verdict)}{(status.Reason.Length > 0 ? $": {status.Reason}" : "")}";
        yield return $"pairs          {Words.Count(status.Pairs)}, {Words.Count(status.Disagreements)} disagree, {Words.Count(status.CandidateErrors)} candidate errors";
        foreach (var guard in status.Guards.Where(static guard => guard.Name != "labels" || guard.Observations > 0))
        {
            var isRatio = guard.Name.Contains("ratio", StringComparison.Ordinal);
            var (measured, budget) = isRatio ? (Words.Ratio(guard.Interval), $"{Words.Significant(guard.Budget)}x") : (Words.Share(guard.Interval), Words.Share(guard.Budget));
            yield return $"  {Words.Label(guard.Name),-18} {Words.Verdict(guard.Verdict),-10} {measured}, budget {budget}";
        }
        yield return $"noise          {Words.Count(status.ControlDisagreements)} of {Words.Count(status.ControlPairs)} control pairs disagree";
        yield return $"coverage       {(status.Eligible > 0 ? Words.Share((double)status.Pairs / status.Eligible) : "–")} of {Words.Count(status.Eligible)} eligible requests; {Words.Share(status.Fraction)} are copied, {Words.Count(status.QueuedRequests)} wait ({Words.Bytes(status.QueuedBytes)})";
        if (status.Dropped.Count > 0)
            yield return $"dropped        {string.Join(", ", status.Dropped.OrderByDescending(static drop => drop.Value).Select(static drop => $"{Words.Label(drop.Key)} {Words.Count(drop.Value)}"))}";
    }

    /// <summary>The same in one line, for a list or a log.</summary>
    public static string Line(ShadowStatus status)
    {
        var rate = status.Guards.FirstOrDefault(static guard => guard.Name == "disagreement")?.Interval;
        return $"{status.Model}  {status.Candidate} against {status.Primary}  {Words.State(status.State)}  {Words.Verdict(status.Verdict)}  {Words.Count(status.Pairs)} pairs  disagreement {Words.Share(rate)}";
    }
}
