using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;

namespace GrpcServing.Telemetry;

/// <summary>The queue and the exporter of spans, with a bound and counts that an operator can see.</summary>
internal sealed class SpanExport(OtlpTarget target, ExportQueue queue, Delivery delivery, Tracer tracer)
    : BatchActivityExportProcessor(new Exporter(OtlpClient.Options(target, delivery), delivery), queue.Size, queue.DelayMilliseconds, queue.TimeoutMilliseconds, queue.BatchSize)
{
    public override void OnEnd(Activity data)
    {
        // Another server in the same process has a source of the same name.
        if (data.Recorded && tracer.Wrote(data) && delivery.TryEnter()) base.OnEnd(data);
    }

    private sealed class Exporter(OtlpExporterOptions options, Delivery delivery) : OtlpTraceExporter(options)
    {
        public override ExportResult Export(in Batch<Activity> activityBatch)
        {
            var result = base.Export(activityBatch);
            delivery.Left(activityBatch.Count, result);
            return result;
        }
    }
}

/// <summary>As <see cref="SpanExport"/>, for log records.</summary>
/// <param name="exporter">Must also be held by a <see cref="LogExporterHolder"/> of the same provider.</param>
internal sealed class LogExport(OtlpLogExporter exporter, ExportQueue queue, Delivery delivery)
    : BatchLogRecordExportProcessor(new Counting(exporter, delivery), queue.Size, queue.DelayMilliseconds, queue.TimeoutMilliseconds, queue.BatchSize)
{
    public override void OnEnd(LogRecord data)
    {
        if (delivery.TryEnter()) base.OnEnd(data);
    }

    /// <summary>The exporter of log records cannot be derived from.</summary>
    private sealed class Counting(OtlpLogExporter exporter, Delivery delivery) : BaseExporter<LogRecord>
    {
        public override ExportResult Export(in Batch<LogRecord> batch)
        {
            var result = exporter.Export(batch);
            delivery.Left(batch.Count, result);
            return result;
        }
    }
}

/// <summary>Makes an exporter belong to the provider of this processor, whose resource it names; sends nothing by itself.</summary>
internal sealed class LogExporterHolder(OtlpLogExporter exporter) : SimpleLogRecordExportProcessor(exporter)
{
    public override void OnEnd(LogRecord data)
    {
    }
}

/// <summary>Exports metrics at intervals. There is no queue: the next interval says all that a lost one said, but for its instant.</summary>
internal sealed class MetricExporter(OtlpTarget target, Delivery delivery) : OtlpMetricExporter(OtlpClient.Options(target, delivery))
{
    public override ExportResult Export(in Batch<Metric> metrics)
    {
        var result = base.Export(metrics);
        delivery.Sent(metrics.Count, result);
        return result;
    }
}
