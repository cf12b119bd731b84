using System.Collections.Immutable;
using GrpcServing.Models;

namespace GrpcServing.Batching;

/// <summary>What a scheduler is told once, when its lane opens. Durations are ticks of the clock that the owner passes to it.</summary>
public sealed record SchedulerSettings
{
    /// <summary>Most rows in one batch, at least 1.</summary>
    public required int MaxBatchRows { get; init; }

    /// <summary>Batches that run at the same time, at least 1.</summary>
    public int Executors { get; init; } = 1;

    /// <summary>Ticks of the owner's clock in one second.</summary>
    public required long TicksPerSecond { get; init; }

    /// <summary>Longest the oldest entry waits for company under the delay policy.</summary>
    public long MaxQueueDelayTicks { get; init; }

    /// <summary>Ascending, each at most <see cref="MaxBatchRows"/>; empty means the batch limit alone. Delay policy only.</summary>
    public ImmutableArray<int> PreferredBatchSizes { get; init; } = [];

    /// <summary>Priority levels, at least 1; <see cref="QueueEntry.Level"/> runs from 0 to one less.</summary>
    public int Levels { get; init; } = 1;

    /// <summary>Per level the most entries that may wait, 0 = any number; levels that are not listed are unbounded.</summary>
    public ImmutableArray<int> MaxQueueSizes { get; init; } = [];

    /// <summary>
    /// Whether the deadline policy may keep an executor idle to wait for company. It needs a clock that wakes on the instant: a timer
    /// that rings milliseconds late costs more deadlines than waiting saves, so the server does not.
    /// </summary>
    public bool MayWait { get; init; } = true;

    /// <summary>
    /// What a batch costs whoever runs it beside the run itself: the decision, and the writes to the network, of which small batches need more for
    /// as many answers. Where l(b)/b is flat, it speaks for large batches. On a processor that nobody else uses: see <see cref="LatencyTable.Stretch"/>.
    /// </summary>
    public long BesideTicks { get; init; }

    /// <summary>Seed of every random choice: equal seeds and calls give equal decisions.</summary>
    public ulong Seed { get; init; } = 1;

    // Measured on one core: digits in batches of 12 rows against 57, the same load.
    private static readonly TimeSpan Beside = TimeSpan.FromMicroseconds(25);

    /// <summary>The settings that a model's configuration asks for.</summary>
    /// <param name="executors">As chosen at load.</param>
    /// <param name="ticksPerSecond">Of the lane's clock.</param>
    public static SchedulerSettings From(ModelConfiguration model, int executors, long ticksPerSecond)
    {
        var batching = model.Batching;
        var levels = Math.Max(1, batching.PriorityLevels);
        var sizes = ImmutableArray.CreateBuilder<int>(levels);
        for (var level = 0; level < levels; level++)
            sizes.Add(batching.QueuePolicies.GetValueOrDefault(level + 1, batching.DefaultQueuePolicy).MaxQueueSize);
        return new SchedulerSettings
        {
            MaxBatchRows = Math.Max(1, model.MaxBatchSize),
            Executors = executors,
            TicksPerSecond = ticksPerSecond,
            MaxQueueDelayTicks = (long)(batching.MaxQueueDelay.TotalSeconds * ticksPerSecond),
            PreferredBatchSizes = batching.PreferredBatchSizes,
            Levels = levels,
            MaxQueueSizes = sizes.MoveToImmutable(),
            MayWait = false,
            BesideTicks = (long)(Beside.TotalSeconds * ticksPerSecond),
        };
    }

    internal int MaxQueueSize(int level) => level < MaxQueueSizes.Length ? MaxQueueSizes[level] : 0;
}
