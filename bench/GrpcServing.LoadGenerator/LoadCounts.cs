using Grpc.Core;
using HdrHistogram;

namespace GrpcServing.LoadGenerator;

/// <summary>Counts of a run. Any thread, one lock.</summary>
internal sealed class LoadCounts(double duration)
{
    /// <summary>Width of a bucket of the timeline, seconds.</summary>
    private const double Step = 0.1;

    private readonly Lock _lock = new();
    private readonly LongHistogram _latency = new(TimeStampMicroseconds(60), 3);
    private readonly LongHistogram _lag = new(TimeStampMicroseconds(60), 3);
    private readonly SortedDictionary<string, long> _statuses = new(StringComparer.Ordinal);
    private readonly int[] _offered = new int[(int)Math.Ceiling(duration / Step) + 1];
    private readonly int[] _onTime = new int[(int)Math.Ceiling(duration / Step) + 1];
    private long _sent;
    private long _inTime;
    private long _late;

    /// <param name="lagMicroseconds">How late the client itself was.</param>
    public void Sent(double lagMicroseconds)
    {
        lock (_lock)
        {
            _sent++;
            _lag.RecordValue(Clamp(lagMicroseconds));
        }
    }

    /// <param name="latency">Seconds from the intended send time.</param>
    /// <param name="at">Seconds of the intended send time into the counted part.</param>
    public void Answered(StatusCode status, bool onTime, double latency, double at)
    {
        lock (_lock)
        {
            var name = status.ToString();
            _statuses[name] = _statuses.GetValueOrDefault(name) + 1;
            _offered[(int)(at / Step)]++;
            if (onTime)
            {
                _inTime++;
                _onTime[(int)(at / Step)]++;
            }
            else if (status == StatusCode.OK)
            {
                _late++;
            }
            if (status == StatusCode.OK) _latency.RecordValue(Clamp(latency * 1e6));
        }
    }

    public LoadReport Report(LoadOptions options)
    {
        lock (_lock)
        {
            var hasAnswers = _latency.TotalCount > 0;
            return new LoadReport
            {
                Name = options.Name.Length > 0 ? options.Name : options.Model,
                Model = options.Model,
                Rate = options.Rate,
                Offered = _sent,
                OnTime = _inTime,
                Late = _late,
                OnTimeFraction = _sent == 0 ? 0 : (double)_inTime / _sent,
                GoodputPerSecond = _inTime / duration,
                Statuses = new Dictionary<string, long>(_statuses),
                LatencyMilliseconds = new Percentiles(At(_latency, 50), At(_latency, 90), At(_latency, 99), At(_latency, 99.9), hasAnswers ? _latency.GetMaxValue() / 1e3 : 0),
                SendLagP99Milliseconds = At(_lag, 99),
                Timeline = [.. _offered.Zip(_onTime, static (offered, onTime) => offered == 0 ? 1 : Math.Round((double)onTime / offered, 3))],
            };
        }
    }

    private static double At(LongHistogram histogram, double percentile) => histogram.TotalCount == 0 ? 0 : histogram.GetValueAtPercentile(percentile) / 1e3;

    private static long Clamp(double microseconds) => (long)Math.Clamp(microseconds, 1, TimeStampMicroseconds(60) - 1);

    private static long TimeStampMicroseconds(double seconds) => (long)(seconds * 1e6);
}
