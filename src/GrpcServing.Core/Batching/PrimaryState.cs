namespace GrpcServing.Batching;

/// <summary>What a primary lane does at one instant, as far as lanes of copies have to know. Instants and durations in ticks of the lanes' clock.</summary>
internal readonly record struct PrimaryState
{
    /// <summary>Rows waiting.</summary>
    public int QueuedRows { get; init; }

    /// <summary>Batches running.</summary>
    public int RunningBatches { get; init; }

    /// <summary>Nearest deadline among those who wait; <see cref="long.MaxValue"/> when there is none.</summary>
    public long HeadDeadline { get; init; }

    /// <summary>Since when somebody has waited whom the device could have served; meaningless with an empty queue.</summary>
    public long WaitingSince { get; init; }

    /// <summary>Rows arriving per tick.</summary>
    public double RowRate { get; init; }

    /// <summary>Requests arriving per tick.</summary>
    public double RequestRate { get; init; }

    /// <summary>Squared coefficient of variation of the time between arrivals, at least 1: how far the number of arrivals strays beyond chance.</summary>
    public double Burstiness { get; init; }

    /// <summary>From arrival to deadline, as usual in this lane; 0 when requests have none.</summary>
    public long UsualSlack { get; init; }

    /// <summary>l(b) by rows, [0] = 0; null while it is not known.</summary>
    public long[]? Costs { get; init; }

    public bool IsPresent => QueuedRows > 0 || RunningBatches > 0;
}
