using System.Collections.Immutable;
using GrpcServing.Shadowing;

namespace GrpcServing.Models;

/// <summary>How one model is served: what model.json, config.pbtxt and the graph together say. Immutable.</summary>
/// <remarks>Every property has the value in force, never "unset": <c>ConfigurationReader</c> completes it from the graph.</remarks>
public sealed record ModelConfiguration
{
    /// <summary>Largest batch in rows; 0 = no batch axis.</summary>
    public required int MaxBatchSize { get; init; }

    public required ImmutableArray<TensorSpec> Inputs { get; init; }

    public required ImmutableArray<TensorSpec> Outputs { get; init; }

    /// <summary>
    /// Time a request may take that brought no deadline of its own; <see cref="Timeout.InfiniteTimeSpan"/> for none. Null = chosen at load:
    /// 1 s, or ten times what one row takes where that is longer.
    /// </summary>
    public TimeSpan? DefaultDeadline { get; init; }

    public BatchingConfiguration Batching { get; init; } = new();

    public ExecutionConfiguration Execution { get; init; } = new();

    public VersionPolicy Versions { get; init; } = VersionPolicy.NewestOnly;

    /// <summary>The shadow that starts with the model; null for none.</summary>
    public ShadowSettings? Shadow { get; init; }

    /// <summary>Name of the model file in a version directory.</summary>
    public string ModelFile { get; init; } = "model.onnx";

    public ImmutableArray<WarmupRequest> Warmup { get; init; } = [];

    /// <summary>Free text parameters, echoed by ModelConfig.</summary>
    public ImmutableDictionary<string, string> Parameters { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>What was accepted but has no effect, one sentence each; logged once at load.</summary>
    public ImmutableArray<string> Remarks { get; init; } = [];
}

/// <summary>The policy that forms batches.</summary>
public enum BatchPolicyKind
{
    /// <summary>By the deadlines of the requests and the measured time of a batch. The default.</summary>
    Deadline,
    /// <summary>Start as soon as an executor is free, with whatever waits. First in, first out.</summary>
    Greedy,
    /// <summary>Triton's dynamic batcher: preferred sizes and a fixed largest delay.</summary>
    Delay,
}

/// <summary>What happens to a request that waited longer than its queue policy allows.</summary>
public enum QueueTimeoutAction
{
    /// <summary>It is refused.</summary>
    Reject,
    /// <summary>It is served after all that have not timed out.</summary>
    Delay,
}

/// <summary>Triton's ModelQueuePolicy.</summary>
/// <param name="Action">Applied when the timeout passes while the request is queued.</param>
/// <param name="Timeout">Longest time in the queue; <see cref="TimeSpan.Zero"/> = none.</param>
/// <param name="AllowOverride">Whether a request's own, shorter timeout counts.</param>
/// <param name="MaxQueueSize">Most requests waiting in this level; 0 = unbounded.</param>
public sealed record QueuePolicy(QueueTimeoutAction Action, TimeSpan Timeout, bool AllowOverride, int MaxQueueSize)
{
    /// <summary>What holds where no file says anything: nothing is limited but by the request itself.</summary>
    public static QueuePolicy Default { get; } = new(QueueTimeoutAction.Reject, TimeSpan.Zero, AllowOverride: true, MaxQueueSize: 0);
}

/// <summary>Queue and batch formation of one lane.</summary>
public sealed record BatchingConfiguration
{
    public BatchPolicyKind Policy { get; init; } = BatchPolicyKind.Deadline;

    /// <summary>Longest a request waits for company while an executor is free. Used by <see cref="BatchPolicyKind.Delay"/>. Default 0.</summary>
    public TimeSpan MaxQueueDelay { get; init; } = TimeSpan.Zero;

    /// <summary>Ascending. A batch of a preferred size starts at once under <see cref="BatchPolicyKind.Delay"/>; empty means the batch limit.</summary>
    public ImmutableArray<int> PreferredBatchSizes { get; init; } = [];

    /// <summary>Most rows that may wait. Default 4096, range 1..1,000,000.</summary>
    public int MaxQueueRows { get; init; } = 4096;

    /// <summary>Most input bytes that may wait, running batches included. Default 256 MiB.</summary>
    public long MaxQueueBytes { get; init; } = 256L << 20;

    /// <summary>0 = one level. Otherwise levels 1 (first) .. N (last).</summary>
    public int PriorityLevels { get; init; }

    /// <summary>Level of a request that names none or one out of range; 0 when there are no levels.</summary>
    public int DefaultPriority { get; init; }

    /// <summary>By name of an open dimension in the graph, the sizes that it is padded to with zeros, ascending. Default none.</summary>
    public ImmutableDictionary<string, ImmutableArray<long>> Padding { get; init; } = ImmutableDictionary<string, ImmutableArray<long>>.Empty;

    /// <summary>Responses leave in the order in which requests came.</summary>
    public bool PreserveOrdering { get; init; }

    public QueuePolicy DefaultQueuePolicy { get; init; } = QueuePolicy.Default;

    /// <summary>By level.</summary>
    public ImmutableDictionary<int, QueuePolicy> QueuePolicies { get; init; } = ImmutableDictionary<int, QueuePolicy>.Empty;
}

/// <summary>Where and with how much the model runs.</summary>
public sealed record ExecutionConfiguration
{
    /// <summary><c>cpu</c>, <c>cuda[:N]</c>, <c>tensorrt[:N]</c>, or <c>plugin:PATH</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Executors; 0 = chosen at load.</summary>
    public int Instances { get; init; }

    /// <summary>Threads inside one run; 0 = chosen at load.</summary>
    public int IntraOpThreads { get; init; }

    /// <summary>Threads across independent nodes of one run; 0 = one (sequential execution).</summary>
    public int InterOpThreads { get; init; }

    /// <summary>Whether a run is the work of the thread that asks for it alone, so that the processor time of that thread is what it costs.</summary>
    public bool RunsOnOneThread => Device == "cpu" && IntraOpThreads <= 1 && InterOpThreads <= 1;
}

/// <summary>Which of the version directories are served.</summary>
public abstract record VersionPolicy
{
    public static VersionPolicy NewestOnly { get; } = new Latest(1);

    /// <param name="available">Version directories present, any order.</param>
    /// <returns>The versions to serve, ascending.</returns>
    public ImmutableArray<long> Select(IEnumerable<long> available) => [.. Choose(available).Order()];

    protected abstract IEnumerable<long> Choose(IEnumerable<long> available);

    /// <summary>The newest <paramref name="Count"/>.</summary>
    public sealed record Latest(int Count) : VersionPolicy
    {
        protected override IEnumerable<long> Choose(IEnumerable<long> available) => available.OrderDescending().Take(Count);
    }

    public sealed record All : VersionPolicy
    {
        protected override IEnumerable<long> Choose(IEnumerable<long> available) => available;
    }

    /// <summary>These; one that is not there is reported as unavailable, not an error of the model.</summary>
    public sealed record Specific(ImmutableArray<long> Versions) : VersionPolicy
    {
        protected override IEnumerable<long> Choose(IEnumerable<long> available) => available.Intersect(Versions);
    }
}

/// <summary>Where the values of a warm-up tensor come from.</summary>
public enum WarmupSource
{
    Zero,
    Random,
    File,
}

/// <summary>One input of a warm-up request.</summary>
/// <param name="Dims">Without the batch axis.</param>
/// <param name="File">Path of a raw tensor, for <see cref="WarmupSource.File"/>; otherwise "".</param>
public sealed record WarmupTensor(TensorDataType DataType, ImmutableArray<long> Dims, WarmupSource Source, string File);

/// <summary>Triton's ModelWarmup: a request run before the model is ready; its failure fails the load.</summary>
/// <param name="Name">For messages.</param>
/// <param name="BatchSize">Rows.</param>
/// <param name="Count">Repetitions, at least one.</param>
/// <param name="Inputs">By input name.</param>
public sealed record WarmupRequest(string Name, int BatchSize, int Count, ImmutableDictionary<string, WarmupTensor> Inputs);
