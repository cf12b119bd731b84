using System.Collections.Immutable;
using GrpcServing.Shadowing;

namespace GrpcServing.Models;

/// <summary>A value that a file gave, and where.</summary>
/// <param name="Where">File and field for messages: <c>model.json: maxBatchSize</c>, <c>config.pbtxt:3: max_batch_size</c>.</param>
internal sealed record Setting<T>(T Value, string Where);

/// <summary>What the files of a model say, before the graph is known; null = not said.</summary>
/// <remarks>
/// <see cref="TritonConfigurationReader"/> writes first and <see cref="ModelJsonReader"/> writes over it, so model.json wins value by
/// value. Ranges are checked by the readers; what depends on several values or on the graph by <see cref="ConfigurationCompletion"/>.
/// </remarks>
internal sealed class ConfigurationDraft
{
    /// <summary>A config.pbtxt was read: what it leaves out then means what Triton makes of it.</summary>
    public bool HasTritonFile { get; set; }

    /// <summary>The config.pbtxt has a dynamic_batching block.</summary>
    public bool HasDynamicBatching { get; set; }

    /// <summary>What config.pbtxt itself gives as batch limit: its dims are written for it, whatever model.json says after.</summary>
    public int TritonMaxBatchSize { get; set; }

    public Setting<int>? MaxBatchSize { get; set; }

    public Setting<TimeSpan>? DefaultDeadline { get; set; }

    public Setting<BatchPolicyKind>? Policy { get; set; }

    public Setting<TimeSpan>? MaxQueueDelay { get; set; }

    public Setting<ImmutableArray<int>>? PreferredBatchSizes { get; set; }

    public Setting<int>? MaxQueueRows { get; set; }

    public Setting<long>? MaxQueueBytes { get; set; }

    public Setting<int>? PriorityLevels { get; set; }

    public Setting<int>? DefaultPriority { get; set; }

    public Setting<bool>? PreserveOrdering { get; set; }

    public Dictionary<string, Setting<ImmutableArray<long>>> Padding { get; } = [];

    public Setting<QueuePolicy>? DefaultQueuePolicy { get; set; }

    public Dictionary<int, Setting<QueuePolicy>> QueuePolicies { get; } = [];

    public Setting<string>? Device { get; set; }

    public Setting<int>? Instances { get; set; }

    public Setting<int>? IntraOpThreads { get; set; }

    public Setting<int>? InterOpThreads { get; set; }

    public Setting<VersionPolicy>? Versions { get; set; }

    /// <summary>Null when the model has no shadow.</summary>
    public ShadowSettings? Shadow { get; set; }

    public SloConfiguration? Slo { get; set; }

    public string? ModelFile { get; set; }

    /// <summary>Null when the file lists no inputs; they are then the graph's.</summary>
    public List<TensorDraft>? Inputs { get; set; }

    /// <summary>Null when the file lists no outputs; they are then the graph's.</summary>
    public List<TensorDraft>? Outputs { get; set; }

    public List<WarmupDraft> Warmup { get; } = [];

    public Dictionary<string, string> Parameters { get; } = [];

    public List<string> Remarks { get; } = [];
}

/// <summary>An input or output as config.pbtxt lists it.</summary>
/// <param name="Where">File, line, field and name; errors of the tensor continue it.</param>
/// <param name="Dims">As written: without the batch axis when the file's own max_batch_size is above 0. Null = the graph's.</param>
/// <param name="Reshape">As written, in the same terms. Null = as <paramref name="Dims"/>.</param>
/// <param name="LabelFile">Relative to the model directory; "" for none.</param>
internal sealed record TensorDraft(
    string Where, string Name, TensorDataType? DataType, ImmutableArray<long>? Dims, ImmutableArray<long>? Reshape,
    ImageFormat Format, string LabelFile);

/// <summary>A warm-up request as config.pbtxt lists it; dims in the terms of its own max_batch_size.</summary>
internal sealed record WarmupDraft(string Where, WarmupRequest Request);
