using Google.Protobuf.WellKnownTypes;
using GrpcServing.Models;
using GrpcServing.Shadowing;
using Proto = GrpcServing.Protos.Admin.V1;

namespace GrpcServing.Endpoints;

/// <summary>Everything that a shadow knows, as the admin interface says it. Called by the thread that owns the tally, or after the end.</summary>
internal static class ShadowReportMessage
{
    public static Proto.ShadowReport Create(ShadowSession session, ShadowTally tally, ShadowReading reading, Timestamp now)
    {
        var report = new Proto.ShadowReport
        {
            Status = ShadowStatusMessage.Create(session.Sides, reading),
            Settings = ShadowSettingsMessage.Create(session.Settings),
            PrimaryFile = FileOf(session.Primary),
            CandidateFile = FileOf(session.Candidate),
            Coverage = CoverageOf(tally.Coverage, reading),
            CreatedAt = now,
            ServerVersion = MetadataEndpoint.ServerVersion,
        };
        report.Series.AddRange(tally.Series.Points.Select(Point));
        if (reading.Compared > 0 && (tally.Series.Points.Count == 0 || tally.Series.Points[^1].Pairs < reading.Compared)) report.Series.Add(Point(tally.Point(reading.Verdict)));
        report.Confusion.AddRange(Confusion(tally));
        report.Outputs.AddRange(tally.Outputs.Select(Output));
        report.Slices.AddRange(reading.Verdict.Slices.Select(slice => Slice(slice, tally)));
        report.Disagreements.AddRange(tally.Disagreements.Worst.Select(Disagreement));
        report.Execution.AddRange(tally.Execution.Sizes.Select(static size => new Proto.ExecutionTimes { BatchRows = size.Rows, Primary = Histogram(size.Primary), Candidate = Histogram(size.Candidate) }));
        return report;
    }

    private static Proto.ModelFile FileOf(ServedVersion version) => new() { Version = version.Spec.Version, Sha256 = version.File.Sha256, Bytes = version.File.Bytes };

    private static Proto.Coverage CoverageOf(CoverageTally tally, ShadowReading reading)
    {
        var coverage = new Proto.Coverage { Eligible = reading.Eligible, Compared = reading.Compared, LoadCorrelation = tally.LoadCorrelation };
        coverage.Bands.AddRange(tally.Bands().Select(static band => new Proto.CoverageBand { Load = band.Load, Eligible = band.Eligible, Compared = band.Compared }));
        return coverage;
    }

    private static Proto.SeriesPoint Point(EvidencePoint point) => new()
    {
        At = Timestamp.FromDateTimeOffset(point.At),
        Pairs = point.Pairs,
        Disagreement = ShadowStatusMessage.Interval(point.Disagreement),
        LogE = point.Disagreement.LogE,
        ExecutionRatio = point.Ratio is null ? null : ShadowStatusMessage.Interval(point.Ratio),
        Coverage = point.Coverage,
    };

    private static IEnumerable<Proto.ConfusionCell> Confusion(ShadowTally tally)
    {
        if (tally.Confusion.Output < 0) return [];
        var output = tally.Outputs[tally.Confusion.Output].Name;
        return tally.Confusion.Cells.OrderBy(static cell => cell.Key)
            .Select(cell => new Proto.ConfusionCell { Output = output, Primary = tally.ClassName(cell.Key.Primary), Candidate = tally.ClassName(cell.Key.Candidate), Rows = cell.Value });
    }

    private static Proto.OutputReport Output(OutputTally output)
    {
        var report = new Proto.OutputReport { Name = output.Name, Kind = ComparatorKinds.Name(output.Kind), Rows = output.Rows, DisagreeingRows = output.RowsDisagreeing };
        foreach (var (name, metric) in output.Metrics)
            report.Metrics.Add(name, new Proto.Summary { Count = metric.Count, Mean = metric.Mean, Min = metric.Least, Max = metric.Most, P50 = metric.Quantile(.5), P99 = metric.Quantile(.99) });
        foreach (var (label, pairs) in output.Faults) report.Faults.Add(label, pairs);
        return report;
    }

    private static Proto.SliceReport Slice(SliceReading slice, ShadowTally tally)
    {
        var name = tally.SliceName(slice.Slice);
        return new Proto.SliceReport
        {
            Name = name,
            Pairs = slice.Pairs,
            Disagreements = slice.Disagreements,
            Interval = ShadowStatusMessage.Interval((double)slice.Disagreements / slice.Pairs, slice.Lower, slice.Upper),
            LogE = slice.LogE,
            Flagged = slice.Fail,
            Eligible = tally.Slices.All.Where(known => known.Name == name).Sum(static known => known.Eligible),
        };
    }

    private static Proto.Disagreement Disagreement(Disagreement kept)
    {
        var message = new Proto.Disagreement
        {
            CaptureId = kept.CaptureId,
            RequestId = kept.RequestId,
            Slice = kept.Slice,
            At = Timestamp.FromDateTimeOffset(kept.At),
            Severity = kept.Severity,
            Reason = kept.Reason,
        };
        message.Inputs.AddRange(kept.Inputs.Select(Preview));
        message.Primary.AddRange(kept.Primary.Select(Preview));
        message.Candidate.AddRange(kept.Candidate.Select(Preview));
        return message;
    }

    private static Proto.TensorPreview Preview(TensorPreview preview)
    {
        var message = new Proto.TensorPreview { Name = preview.Name, Datatype = preview.DataType.Name(), Truncated = preview.IsTruncated };
        message.Shape.AddRange(preview.Shape);
        message.Numbers.AddRange(preview.Numbers);
        message.Texts.AddRange(preview.Texts);
        return message;
    }

    private static Proto.Histogram Histogram(ExecutionHistogram histogram)
    {
        var message = new Proto.Histogram { Sum = histogram.Sum };
        message.Bounds.AddRange(ExecutionHistogram.Bounds);
        foreach (var count in histogram.Counts) message.Counts.Add(count);
        return message;
    }
}
