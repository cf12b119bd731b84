using GrpcServing.Batching;

namespace GrpcServing.Simulator;

/// <summary>What became of a trace.</summary>
internal sealed class Outcome
{
    public int Offered { get; set; }

    public int OnTime { get; set; }

    public int Late { get; set; }

    public SortedDictionary<ErrorReason, int> Refused { get; } = [];

    public int Batches { get; set; }

    public long BatchRows { get; set; }

    public long BusyTicks { get; set; }

    /// <summary>Device time, by rows, of requests that were answered late.</summary>
    public double WastedTicks { get; set; }

    /// <summary>Time of every call of Decide that had something to decide.</summary>
    public List<double> DecisionMicroseconds { get; } = [];

    /// <summary>Per batch: scheduling time since the previous batch started, as a share of the batch.</summary>
    public List<double> DecisionShares { get; } = [];

    public double OnTimeFraction => Offered == 0 ? 1 : (double)OnTime / Offered;

    public void Refuse(ErrorReason reason) => Refused[reason] = Refused.GetValueOrDefault(reason) + 1;

    public void Count(Batch batch, long ticks, long finishedAt)
    {
        Batches++;
        BatchRows += batch.Rows;
        BusyTicks += ticks;
        foreach (var member in batch.Members)
        {
            if (finishedAt <= ((SimulatedRequest)member).TrueDeadline)
            {
                OnTime++;
                continue;
            }
            Late++;
            WastedTicks += (double)ticks * member.Rows / batch.Rows;
        }
    }

    public static double Percentile(List<double> values, double quantile)
    {
        if (values.Count == 0) return 0;
        var sorted = values.Order().ToArray();
        return sorted[Math.Min(sorted.Length - 1, (int)(quantile * sorted.Length))];
    }
}
