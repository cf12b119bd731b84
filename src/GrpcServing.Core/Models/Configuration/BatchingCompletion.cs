using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>Checks the values of queue and batch formation against each other, and fills in the defaults.</summary>
internal static class BatchingCompletion
{
    /// <param name="maxBatchSize">The batch limit in force.</param>
    public static BatchingConfiguration Complete(ConfigurationDraft draft, int maxBatchSize, ConfigurationErrors errors, List<string> remarks)
    {
        var standard = new BatchingConfiguration();
        var policy = draft.Policy?.Value
            ?? (draft.HasDynamicBatching ? BatchPolicyKind.Delay : draft.HasTritonFile ? BatchPolicyKind.Greedy : BatchPolicyKind.Deadline);
        var levels = draft.PriorityLevels?.Value ?? 0;
        CheckOrdering(draft, levels, errors);
        foreach (var (level, queue) in draft.QueuePolicies.OrderBy(static entry => entry.Key))
        {
            if (level > levels) errors.Add(queue.Where, levels == 0 ? "needs priority_levels above 0" : $"must be of a level 1..{levels}");
        }
        RemarkOnIdle(draft, policy, maxBatchSize, remarks);
        return new BatchingConfiguration
        {
            Policy = policy,
            MaxQueueDelay = draft.MaxQueueDelay?.Value ?? standard.MaxQueueDelay,
            PreferredBatchSizes = PreferredSizes(draft, maxBatchSize, errors),
            MaxQueueRows = QueueRows(draft, maxBatchSize, standard.MaxQueueRows, errors),
            MaxQueueBytes = draft.MaxQueueBytes?.Value ?? standard.MaxQueueBytes,
            PriorityLevels = levels,
            DefaultPriority = DefaultPriority(draft, levels, errors, remarks),
            PreserveOrdering = draft.PreserveOrdering?.Value ?? false,
            DefaultQueuePolicy = draft.DefaultQueuePolicy?.Value ?? QueuePolicy.Default,
            QueuePolicies = draft.QueuePolicies.ToImmutableDictionary(static entry => entry.Key, static entry => entry.Value.Value),
        };
    }

    /// <summary>Answers cannot leave in the order of arrival when some requests go before others.</summary>
    private static void CheckOrdering(ConfigurationDraft draft, int levels, ConfigurationErrors errors)
    {
        if (draft.PreserveOrdering is not { Value: true } ordering) return;
        if (levels > 1) errors.Add(ordering.Where, $"(true) must be false with {levels} priority levels: a later request of a better level goes first");
        var policies = draft.QueuePolicies.Values.Append(draft.DefaultQueuePolicy).OfType<Setting<QueuePolicy>>();
        foreach (var delaying in policies.Where(static policy => policy.Value.Action == QueueTimeoutAction.Delay))
            errors.Add(delaying.Where, $"timeout_action (DELAY) must be REJECT while {ordering.Where} is true: a delayed request would be overtaken");
    }

    private static ImmutableArray<int> PreferredSizes(ConfigurationDraft draft, int maxBatchSize, ConfigurationErrors errors)
    {
        if (draft.PreferredBatchSizes is not { } sizes || maxBatchSize == 0) return [];
        foreach (var size in sizes.Value.Where(size => size > maxBatchSize))
            errors.Add(sizes.Where, $"({size}) must be 1..{maxBatchSize}, the batch limit");
        return [.. sizes.Value.Distinct().Order()];
    }

    /// <summary>Every request that decode lets through must fit an empty queue.</summary>
    private static int QueueRows(ConfigurationDraft draft, int maxBatchSize, int standard, ConfigurationErrors errors)
    {
        if (draft.MaxQueueRows is not { } rows) return Math.Max(standard, maxBatchSize);
        if (rows.Value < maxBatchSize) errors.Add(rows.Where, $"({rows.Value}) must be at least the batch limit, {maxBatchSize}: a full batch could never be queued");
        return rows.Value;
    }

    /// <summary>Who names no level gets the last: an urgent request has to say so.</summary>
    private static int DefaultPriority(ConfigurationDraft draft, int levels, ConfigurationErrors errors, List<string> remarks)
    {
        if (draft.DefaultPriority is not { } given) return levels;
        if (levels == 0)
        {
            remarks.Add($"{given.Where} ({given.Value}) has no effect: there are no priority levels.");
            return 0;
        }
        if (given.Value > levels) errors.Add(given.Where, $"({given.Value}) must be 1..{levels}, the priority levels");
        return given.Value;
    }

    private static void RemarkOnIdle(ConfigurationDraft draft, BatchPolicyKind policy, int maxBatchSize, List<string> remarks)
    {
        var delay = draft.MaxQueueDelay is { } setting && setting.Value > TimeSpan.Zero ? setting.Where : null;
        var sizes = draft.PreferredBatchSizes is { Value.IsEmpty: false } preferred ? preferred.Where : null;
        foreach (var where in new[] { delay, sizes }.OfType<string>())
        {
            if (maxBatchSize == 0) remarks.Add($"{where} has no effect: the batch limit is 0, so each request runs alone.");
            else if (policy != BatchPolicyKind.Delay) remarks.Add($"{where} has no effect under the policy {Name(policy)}: only delay waits for company.");
        }
    }

    private static string Name(BatchPolicyKind policy) => policy == BatchPolicyKind.Greedy ? "greedy" : "deadline";
}
