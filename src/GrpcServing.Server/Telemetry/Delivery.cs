using GrpcServing.Hosting;
using OpenTelemetry;

namespace GrpcServing.Telemetry;

/// <summary>Whether the telemetry of one signal arrives: counts, the bound on what waits, and a log line when it stops or starts arriving.</summary>
/// <remarks>Any thread. An item is let in once, and then either delivered or lost.</remarks>
/// <param name="bound">Most items that may wait or be under way.</param>
/// <param name="loggers">Asked for when there is something to say, because log records may be one of the signals.</param>
internal sealed partial class Delivery(string signal, Uri endpoint, int bound, Func<ILoggerFactory> loggers)
{
    private long _waiting;
    private long _delivered;
    private long _turnedAway;
    private long _undelivered;
    private int _isFailing;

    /// <summary>traces, metrics or logs.</summary>
    public string Signal => signal;

    public long Delivered => Interlocked.Read(ref _delivered);

    /// <summary>Dropped because as many waited as may.</summary>
    public long TurnedAway => Interlocked.Read(ref _turnedAway);

    /// <summary>Lost because the collector did not take them.</summary>
    public long Undelivered => Interlocked.Read(ref _undelivered);

    private ILogger Logger => loggers().CreateLogger<Delivery>();

    /// <summary>What the connection to the collector last complained about; "" when nothing is known.</summary>
    public string Problem { get; set; } = "";

    /// <summary>Whether so many more may come.</summary>
    public bool HasRoom(int items) => Interlocked.Read(ref _waiting) + items <= bound;

    /// <summary>Lets one item in; false when there is no room: it is dropped.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _waiting) <= bound) return true;
        Interlocked.Decrement(ref _waiting);
        Interlocked.Increment(ref _turnedAway);
        return false;
    }

    /// <summary>Items that had been let in have been sent, or could not be.</summary>
    public void Left(long items, ExportResult result)
    {
        Interlocked.Add(ref _waiting, -items);
        Sent(items, result);
    }

    /// <summary>Items have been sent, or could not be.</summary>
    public void Sent(long items, ExportResult result)
    {
        if (result == ExportResult.Success)
        {
            Interlocked.Add(ref _delivered, items);
            if (Interlocked.Exchange(ref _isFailing, 0) == 1) LogRecovered(Logger, signal, endpoint, Undelivered + TurnedAway);
            return;
        }
        Interlocked.Add(ref _undelivered, items);
        if (Interlocked.Exchange(ref _isFailing, 1) == 0) LogFailing(Logger, signal, endpoint, Problem.Length == 0 ? "no reason is known" : Problem);
    }

    [LoggerMessage(EventIds.TelemetryFailing, LogLevel.Warning, "The {Signal} of this server do not arrive at {Endpoint}: {Problem}. Serving goes on; what cannot be sent is dropped and counted (grpcserving.telemetry.dropped). Look at the collector, and at the OTEL_EXPORTER_OTLP_* variables")]
    private static partial void LogFailing(ILogger logger, string signal, Uri endpoint, string problem);

    [LoggerMessage(EventIds.TelemetryRecovered, LogLevel.Information, "The {Signal} of this server arrive at {Endpoint} again; {Dropped} items were lost since the start")]
    private static partial void LogRecovered(ILogger logger, string signal, Uri endpoint, long dropped);
}
