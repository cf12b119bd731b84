using System.Globalization;

namespace GrpcServing.Models;

/// <summary>Reads a Triton <c>config.pbtxt</c> into a draft: the fields that ONNX models use.</summary>
/// <remarks>
/// <para>
/// A file that Triton's ONNX Runtime backend takes either means the same here, or is a load error that names the field. What can only
/// make a difference in speed, or none (a tuning option of an accelerator, a metric tag), is taken with a remark. A field that Triton does not
/// have is an error, as it is there.
/// </para>
/// <para>
/// Triton knows no deadlines, so with this file a request without one of its own has none, and the policy is never
/// <see cref="BatchPolicyKind.Deadline"/>: with a <c>dynamic_batching</c> block it is <see cref="BatchPolicyKind.Delay"/>, else
/// <see cref="BatchPolicyKind.Greedy"/>. The latter is the nearest to Triton's default scheduler that still uses max_batch_size: first in,
/// first out, nobody waits for company, but requests that wait anyway share a run. Rows that influence each other are the exception, see
/// <see cref="ConfigurationCompletion"/>. model.json beside it overrides single values.
/// </para>
/// </remarks>
internal static class TritonConfigurationReader
{
    /// <summary>Options of Triton's ONNX Runtime backend that are settled otherwise here.</summary>
    private static readonly string[] SessionParameters =
    [
        "enable_mem_arena", "enable_mem_pattern", "memory.enable_memory_arena_shrinkage", "session.use_device_allocator_for_initializers",
        "share_session_between_instances",
    ];

    /// <param name="text">The file's content.</param>
    /// <param name="modelName">Name of the model's directory.</param>
    public static void Read(string text, string modelName, ConfigurationDraft draft, ConfigurationErrors errors)
    {
        TritonSection root;
        try
        {
            root = new TritonSection(TextFormatReader.Read(text), "", errors);
        }
        catch (TextFormatException e)
        {
            errors.Add($"{TritonSection.FileName}:{e.At.Line}:{e.At.Column}:", e.Message, e.At.Line);
            return;
        }

        draft.HasTritonFile = true;
        ReadIdentity(root, modelName, draft);
        draft.MaxBatchSize = root.Int("max_batch_size", 0, ConfigurationLimits.MaxBatchSize);
        draft.TritonMaxBatchSize = draft.MaxBatchSize?.Value ?? 0;
        draft.Inputs = TritonTensorReader.ReadInputs(root);
        draft.Outputs = TritonTensorReader.ReadOutputs(root);
        ReadVersions(root.Section("version_policy"), draft);
        TritonBatchingReader.Read(root, draft);
        TritonDeviceReader.Read(root, draft);
        ReadParameters(root, draft);
        TritonWarmupReader.Read(root, draft);
        ReadRest(root, draft);
        root.Finish();
    }

    private static void ReadIdentity(TritonSection root, string modelName, ConfigurationDraft draft)
    {
        if (root.Text("name") is { } name && name.Value != modelName && name.Value != "")
            root.Report("name", $"('{name.Value}') must be the name of the model's directory, '{modelName}'");
        if (root.Text("platform") is { Value: not ("" or "onnxruntime_onnx") } platform)
            root.Report("platform", $"('{platform.Value}') must be 'onnxruntime_onnx': this server runs ONNX models; export the model to ONNX");
        if (root.Text("backend") is { Value: not ("" or "onnxruntime") } backend)
            root.Report("backend", $"('{backend.Value}') must be 'onnxruntime': this server runs ONNX models; export the model to ONNX");
        if (root.Text("default_model_filename") is { Value: not "" } file)
        {
            if (ModelPath.IsInside(file.Value)) draft.ModelFile = file.Value;
            else root.Report("default_model_filename", $"('{file.Value}') must be a path inside the version directory");
        }
    }

    private static void ReadVersions(TritonSection? section, ConfigurationDraft draft)
    {
        if (section is null) return;
        var latest = section.Section("latest");
        var all = section.Section("all");
        var specific = section.Section("specific");
        section.Finish();
        var count = latest?.Long("num_versions", 0, uint.MaxValue)?.Value ?? 1;
        var versions = specific?.Longs("versions", 1, long.MaxValue);
        foreach (var choice in new[] { latest, all, specific }) choice?.Finish();

        var given = section.Present("latest", "all", "specific");
        if (given.Count > 1)
        {
            section.Report(given[1], $"cannot stand beside {given[0]}: a version policy is exactly one of latest, all, specific");
            return;
        }
        if (specific is not null && (versions is { Value.IsEmpty: true } || !specific.Has("versions")))
            section.Report("specific", "must name at least one version: specific { versions: [1] }");

        VersionPolicy? policy = latest is not null ? new VersionPolicy.Latest((int)Math.Clamp(count, 1, int.MaxValue))
            : all is not null ? new VersionPolicy.All()
            : specific is not null ? new VersionPolicy.Specific([.. (versions?.Value ?? []).Distinct().Order()])
            : null;
        if (policy is not null) draft.Versions = new(policy, section.Where(given[0]));
    }

    private static void ReadParameters(TritonSection root, ConfigurationDraft draft)
    {
        root.Map("parameters", entry =>
        {
            var key = entry.Text("key");
            var section = entry.Section("value");
            var value = section?.Text("string_value");
            section?.Finish();
            if (key is null && !entry.Has("key")) entry.Report("key", "is missing");
            // An absent value is the empty one; a wrong one is reported already.
            var isWrong = value is null && section?.Has("string_value") == true;
            if (key is not null && !isWrong) TakeParameter(entry, key.Value, value?.Value ?? "", draft);
            return key?.Value;
        });

        // As in Triton: several nodes at once only in parallel mode; the count alone does nothing.
        var isParallel = draft.Parameters.GetValueOrDefault("execution_mode") == "1";
        if (draft.InterOpThreads is { Value: > 0 } threads && !isParallel)
        {
            draft.Remarks.Add($"{threads.Where} has no effect without the parameter execution_mode \"1\".");
            draft.InterOpThreads = null;
        }
        else if (draft.InterOpThreads is null && isParallel)
        {
            draft.Remarks.Add($"{root.Where("parameters")} execution_mode \"1\" has no effect without the parameter inter_op_thread_count.");
        }
    }

    private static void TakeParameter(TritonSection entry, string key, string value, ConfigurationDraft draft)
    {
        draft.Parameters[key] = value;
        if (SessionParameters.Contains(key))
        {
            draft.Remarks.Add($"{entry.Where("key")} {key} has no effect: sessions and their memory are set up by the server.");
            return;
        }
        switch (key)
        {
            case "intra_op_thread_count":
                draft.IntraOpThreads = ThreadCount(entry, key, value);
                break;
            case "inter_op_thread_count":
                draft.InterOpThreads = ThreadCount(entry, key, value);
                break;
            case "execution_mode" when value is not ("0" or "1"):
                entry.Report("value", $"(\"{value}\") of execution_mode must be \"0\" (sequential) or \"1\" (parallel)");
                break;
            case "TRITON_BATCH_STRATEGY_PATH":
                entry.Report("key", "TRITON_BATCH_STRATEGY_PATH is not supported: custom batching libraries cannot be loaded; choose batching.policy in model.json");
                break;
        }
    }

    private static Setting<int>? ThreadCount(TritonSection entry, string key, string value)
    {
        if (int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var threads) && threads is >= 0 and <= ConfigurationLimits.MaxThreads)
            return new(threads, $"{entry.Where("value")} of {key}");
        entry.Report("value", $"(\"{value}\") of {key} must be a whole number in quotes, 0..{ConfigurationLimits.MaxThreads}");
        return null;
    }

    /// <summary>What is not done here, and what makes no difference.</summary>
    private static void ReadRest(TritonSection root, ConfigurationDraft draft)
    {
        root.Refuse("sequence_batching", "requests of a sequence are not kept together; serve the model without state, its state as inputs and outputs");
        root.Refuse("ensemble_scheduling", "models are not chained here; export the chain as one ONNX graph, or call the models in turn");
        root.Refuse("batch_input", "ragged batches are not formed; requests of one shape share a batch");
        root.Refuse("batch_output", "ragged batches are not formed; requests of one shape share a batch");
        root.Refuse("cc_model_filenames", "one file serves every device; name it in default_model_filename");
        root.Refuse("model_repository_agents", "files are served as they lie in the repository");
        root.Refuse("model_operations", "custom operator libraries are not loaded; export the model with standard operators");

        if (root.Section("model_transaction_policy") is { } transactions)
        {
            transactions.RefuseTrue("decoupled", "every request has exactly one response");
            transactions.Finish();
        }
        if (root.Section("response_cache") is { } cache)
        {
            cache.RefuseTrue("enable", "responses are not cached; set it to false");
            cache.Finish();
        }
        root.Ignore("runtime", "the runtime is part of the server", draft.Remarks);
        root.Ignore("metric_tags", "metrics carry the labels of the server", draft.Remarks);
        root.Ignore("model_metrics", "histogram buckets are the server's", draft.Remarks);
    }
}
