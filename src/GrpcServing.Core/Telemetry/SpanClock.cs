namespace GrpcServing.Telemetry;

/// <summary>Turns instants of the monotonic clock into wall-clock time.</summary>
/// <remarks>
/// Any thread. The pair of clocks is read anew every second, because the wall clock is corrected while the other is not; whoever writes
/// the spans of one trace keeps one <see cref="Anchor"/>, so that they neither overlap nor leave gaps.
/// </remarks>
internal sealed class SpanClock(TimeProvider time)
{
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(1);

    private Anchor? _anchor;

    public Anchor Read()
    {
        var anchor = Volatile.Read(ref _anchor);
        if (anchor is not null && time.GetElapsedTime(anchor.Timestamp) < Renewal) return anchor;
        anchor = new Anchor(time, time.GetTimestamp(), time.GetUtcNow().UtcDateTime);
        Volatile.Write(ref _anchor, anchor);
        return anchor;
    }

    /// <summary>The same instant on both clocks.</summary>
    public sealed class Anchor(TimeProvider time, long timestamp, DateTime utc)
    {
        public long Timestamp => timestamp;

        public DateTime Utc(long instant) => utc + time.GetElapsedTime(timestamp, instant);

        public double Seconds(long ticks) => time.GetElapsedTime(0, ticks).TotalSeconds;
    }
}
