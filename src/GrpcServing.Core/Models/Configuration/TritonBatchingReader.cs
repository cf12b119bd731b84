using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>Reads the <c>dynamic_batching</c> block of config.pbtxt.</summary>
internal static class TritonBatchingReader
{
    private static readonly ImmutableArray<string> TimeoutActions = ["REJECT", "DELAY"];

    public static void Read(TritonSection root, ConfigurationDraft draft)
    {
        if (root.Section("dynamic_batching") is not { } section) return;
        draft.HasDynamicBatching = true;
        if (section.Longs("preferred_batch_size", 1, ConfigurationLimits.MaxBatchSize) is { } sizes)
            draft.PreferredBatchSizes = new([.. sizes.Value.Select(static size => (int)size)], sizes.Where);
        draft.MaxQueueDelay = section.Microseconds("max_queue_delay_microseconds", ConfigurationLimits.MaxQueueDelay);
        draft.PreserveOrdering = section.Flag("preserve_ordering");
        ReadPriorities(section, draft);

        if (section.Section("default_queue_policy") is { } policy)
            draft.DefaultQueuePolicy = new(ReadPolicy(policy), section.Where("default_queue_policy"));
        section.Map("priority_queue_policy", entry =>
        {
            var level = entry.Int("key", 1, ConfigurationLimits.MaxPriorityLevels);
            if (entry.Section("value") is { } value && level is not null)
                draft.QueuePolicies[level.Value] = new(ReadPolicy(value), TritonSection.At(entry.Line, $"dynamic_batching.priority_queue_policy of level {level.Value}"));
            if (!entry.Has("key")) entry.Report("key", "is missing: the priority level that the policy is for");
            return level?.Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
        });
        section.Finish();
    }

    private static void ReadPriorities(TritonSection section, ConfigurationDraft draft)
    {
        draft.PriorityLevels = section.Int("priority_levels", 0, ConfigurationLimits.MaxPriorityLevels);
        draft.DefaultPriority = section.Int("default_priority_level", 0, ConfigurationLimits.MaxPriorityLevels) is { Value: > 0 } level ? level : null;
        if (draft.PriorityLevels is { Value: > 0 } levels && draft.DefaultPriority is null)
            section.Report("default_priority_level", $"is missing: with priority_levels {levels.Value} it must be 1..{levels.Value}");
    }

    private static QueuePolicy ReadPolicy(TritonSection section)
    {
        var action = (QueueTimeoutAction)(section.Enum("timeout_action", TimeoutActions)?.Value ?? 0);
        var timeout = section.Microseconds("default_timeout_microseconds", ConfigurationLimits.MaxQueueTimeout)?.Value ?? TimeSpan.Zero;
        var allowOverride = section.Flag("allow_timeout_override")?.Value ?? false;
        var maxQueueSize = section.Int("max_queue_size", 0, int.MaxValue)?.Value ?? 0;
        section.Finish();
        return new QueuePolicy(action, timeout, allowOverride, maxQueueSize);
    }
}
