using GrpcServing.Admission;

namespace GrpcServing.Batching;

/// <summary>What one primary lane tells of itself, so that copies on its device keep out of its way.</summary>
/// <remarks>
/// Written by the lane's owner alone, plain stores; read by lanes of copies from other threads, each value by itself: a reading may mix two
/// neighbouring instants. <see cref="Read"/> keeps a memory of the rates and is guarded by its caller.
/// </remarks>
/// <param name="bounds">Counts what waits, from the instant of its admission; null when the owner tells by <see cref="SetQueue"/> alone.</param>
internal sealed class LanePulse(QueueBounds? bounds, long ticksPerSecond)
{
    // Of independent arrivals the estimate strays this far by chance.
    private const double LeastBurstiness = 1.5;

    private readonly RateMeter _rowRate = new(ticksPerSecond);
    private readonly RateMeter _requestRate = new(ticksPerSecond);
    private long _rows;
    private long _requests;
    private double _usualSlack;
    private double _meanGap;
    private double _meanSquaredGap;
    private double _burstiness = 1;
    private long _lastArrivalAt;
    private int _running;
    private int _queued;
    private long _headDeadline = long.MaxValue;
    private long _waitingSince;
    private long[]? _costs;

    /// <summary>Owner: a request came.</summary>
    public void Arrived(QueueEntry entry, long now)
    {
        Volatile.Write(ref _rows, _rows + entry.Rows);
        Volatile.Write(ref _requests, _requests + 1);
        NoteGap(now);
        if (entry.Deadline == long.MaxValue) return;
        var slack = (double)(entry.Deadline - now);
        Volatile.Write(ref _usualSlack, _usualSlack == 0 ? slack : _usualSlack + (slack - _usualSlack) / Math.Min(256, _requests));
    }

    private void NoteGap(long now)
    {
        if (_requests > 1)
        {
            var gap = (double)(now - _lastArrivalAt);
            var weight = 1.0 / Math.Min(256, _requests - 1);
            _meanGap += (gap - _meanGap) * weight;
            _meanSquaredGap += (gap * gap - _meanSquaredGap) * weight;
            var variation = _meanGap > 0 ? _meanSquaredGap / (_meanGap * _meanGap) - 1 : 1;
            Volatile.Write(ref _burstiness, variation < LeastBurstiness ? 1 : Math.Min(variation, 16));
        }
        _lastArrivalAt = now;
    }

    /// <summary>Owner: how many batches run now. Before their members leave the queue.</summary>
    public void SetRunning(int batches) => Volatile.Write(ref _running, batches);

    /// <summary>Owner: what waits now that it has started what it could.</summary>
    /// <param name="since">Since when the device could have served some of them.</param>
    public void SetQueue(int rows, long headDeadline, long since)
    {
        Volatile.Write(ref _queued, rows);
        Volatile.Write(ref _headDeadline, headDeadline);
        Volatile.Write(ref _waitingSince, since);
    }

    /// <summary>Owner: l(b) by rows, [0] = 0. Given away: not changed afterwards.</summary>
    public void SetCosts(long[] costs) => Volatile.Write(ref _costs, costs);

    public int RunningBatches => Volatile.Read(ref _running);

    /// <summary>True from the admission of a request to the end of its run. Any thread.</summary>
    public bool IsPresent => QueuedRows > 0 || RunningBatches > 0;

    // Before the running batches: what leaves the queue has been counted there.
    private int QueuedRows => bounds is null ? Volatile.Read(ref _queued) : (int)bounds.Rows;

    /// <summary>One reader at a time.</summary>
    public PrimaryState Read(long now) => new()
    {
        QueuedRows = QueuedRows,
        RunningBatches = RunningBatches,
        HeadDeadline = Volatile.Read(ref _headDeadline),
        WaitingSince = Volatile.Read(ref _waitingSince),
        RowRate = _rowRate.Rate(Volatile.Read(ref _rows), now),
        RequestRate = _requestRate.Rate(Volatile.Read(ref _requests), now),
        Burstiness = Volatile.Read(ref _burstiness),
        UsualSlack = (long)Volatile.Read(ref _usualSlack),
        Costs = Volatile.Read(ref _costs),
    };
}
