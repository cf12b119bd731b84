using System.Collections.Immutable;
using System.Text.Json;

namespace GrpcServing.Models;

/// <summary>Reads <c>model.json</c> into a draft, over whatever a config.pbtxt put there.</summary>
internal static class ModelJsonReader
{
    public const string FileName = "model.json";

    private static readonly JsonDocumentOptions Options = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <param name="utf8">The file's content.</param>
    public static void Read(ReadOnlyMemory<byte> utf8, ConfigurationDraft draft, ConfigurationErrors errors)
    {
        using var document = Parse(utf8, errors);
        if (document is null) return;
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            errors.Add($"{FileName}:", "the file must hold one object, { ... }");
            return;
        }

        var root = new JsonSection(document.RootElement, FileName, "", errors);
        draft.MaxBatchSize = root.Int("maxBatchSize", 0, ConfigurationLimits.MaxBatchSize) ?? draft.MaxBatchSize;
        ReadDeadline(root.Section("deadline"), draft);
        ReadBatching(root.Section("batching"), draft);
        ReadExecution(root.Section("execution"), draft);
        ReadVersions(root.Section("versions"), root, draft);
        draft.Shadow = ShadowSectionReader.Read(root.Section("shadow"));
        draft.Slo = SloReader.Read(root.Section("slo"));
        root.Finish();
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> utf8, ConfigurationErrors errors)
    {
        if (utf8.Span.StartsWith("\uFEFF"u8)) utf8 = utf8[3..];
        try
        {
            return JsonDocument.Parse(utf8, Options);
        }
        catch (JsonException e)
        {
            // The parser's own message ends with its zero-based position; ours begins with it, from 1.
            var message = e.Message.Split(" LineNumber:")[0];
            errors.Add($"{FileName}:{e.LineNumber + 1}:{e.BytePositionInLine + 1}:", $"not JSON: {message}");
            return null;
        }
    }

    private static void ReadDeadline(JsonSection? section, ConfigurationDraft draft)
    {
        if (section is null) return;
        draft.DefaultDeadline = section.Duration("default", TimeSpan.FromMilliseconds(1), ConfigurationLimits.MaxDeadline, infinite: true) ?? draft.DefaultDeadline;
        section.Finish();
    }

    private static void ReadBatching(JsonSection? section, ConfigurationDraft draft)
    {
        if (section is null) return;
        if (section.Text("policy", static text => ParsePolicy(text) is not null, "\"deadline\", \"greedy\" or \"delay\"") is { } policy)
            draft.Policy = new(ParsePolicy(policy.Value)!.Value, policy.Where);
        draft.MaxQueueDelay = section.Duration("maxQueueDelay", TimeSpan.Zero, ConfigurationLimits.MaxQueueDelay) ?? draft.MaxQueueDelay;
        if (section.Longs("preferredBatchSizes", 1, ConfigurationLimits.MaxBatchSize) is { } sizes)
            draft.PreferredBatchSizes = new([.. sizes.Value.Select(static size => (int)size)], sizes.Where);
        draft.MaxQueueRows = section.Int("maxQueueRows", 1, ConfigurationLimits.MaxQueueRows) ?? draft.MaxQueueRows;
        draft.MaxQueueBytes = section.Long("maxQueueBytes", 1, ConfigurationLimits.MaxQueueBytes) ?? draft.MaxQueueBytes;
        draft.PriorityLevels = section.Int("priorityLevels", 0, ConfigurationLimits.MaxPriorityLevels) ?? draft.PriorityLevels;
        draft.DefaultPriority = section.Int("defaultPriority", 1, ConfigurationLimits.MaxPriorityLevels) ?? draft.DefaultPriority;
        draft.PreserveOrdering = section.Flag("preserveOrdering") ?? draft.PreserveOrdering;
        ReadPadding(section.Section("padding"), draft);
        section.Finish();
    }

    private static void ReadPadding(JsonSection? section, ConfigurationDraft draft)
    {
        if (section is null) return;
        foreach (var dimension in section.Keys)
            if (section.Longs(dimension, 1, int.MaxValue) is { } sizes) draft.Padding[dimension] = new([.. sizes.Value.Distinct().Order()], sizes.Where);
        section.Finish();
    }

    private static BatchPolicyKind? ParsePolicy(string text) => text switch
    {
        "deadline" => BatchPolicyKind.Deadline,
        "greedy" => BatchPolicyKind.Greedy,
        "delay" => BatchPolicyKind.Delay,
        _ => null,
    };

    private static void ReadExecution(JsonSection? section, ConfigurationDraft draft)
    {
        if (section is null) return;
        draft.Device = section.Text("device", DeviceName.IsWellFormed, DeviceName.Forms) ?? draft.Device;
        draft.Instances = section.Int("instances", 0, ConfigurationLimits.MaxInstances) ?? draft.Instances;
        draft.IntraOpThreads = section.Int("intraOpThreads", 0, ConfigurationLimits.MaxThreads) ?? draft.IntraOpThreads;
        draft.InterOpThreads = section.Int("interOpThreads", 0, ConfigurationLimits.MaxThreads) ?? draft.InterOpThreads;
        section.Finish();
    }

    private static void ReadVersions(JsonSection? section, JsonSection root, ConfigurationDraft draft)
    {
        if (section is null) return;
        var latest = section.Int("latest", 1, int.MaxValue);
        var all = section.Flag("all");
        var specific = section.Longs("specific", 1, long.MaxValue);
        section.Finish();

        var given = section.Present("latest", "all", "specific");
        if (given.Count != 1)
        {
            root.Report("versions", $"({(given.Count == 0 ? "empty" : string.Join(", ", given))}) must have exactly one of latest, all, specific");
            return;
        }
        if (all is { Value: false }) section.Report("all", "(false) must be true; to serve less say latest or specific instead");
        if (specific is { Value.Count: 0 }) section.Report("specific", "([]) must name at least one version");

        VersionPolicy? policy = latest is not null ? new VersionPolicy.Latest(latest.Value)
            : all is not null ? new VersionPolicy.All()
            : specific is not null ? new VersionPolicy.Specific([.. specific.Value.Distinct().Order()])
            : null;
        if (policy is not null) draft.Versions = new(policy, root.Where("versions"));
    }
}
