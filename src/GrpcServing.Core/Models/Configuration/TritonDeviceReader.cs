using System.Collections.Immutable;
using System.Globalization;

namespace GrpcServing.Models;

/// <summary>Reads <c>instance_group</c> and <c>optimization</c> of config.pbtxt: the device and how many executors it gets.</summary>
/// <remarks>A model runs on one device here; what would need two is an error that says so.</remarks>
internal static class TritonDeviceReader
{
    private const string OneDevice = "a model runs on one device; serve it on each GPU from a server of its own";

    private static readonly ImmutableArray<string> Kinds = ["KIND_AUTO", "KIND_GPU", "KIND_CPU", "KIND_MODEL"];

    private static readonly ImmutableArray<string> Priorities = ["PRIORITY_DEFAULT", "PRIORITY_MAX", "PRIORITY_MIN"];

    public static void Read(TritonSection root, ConfigurationDraft draft)
    {
        ReadGroups(root, draft);
        ReadOptimization(root.Section("optimization"), draft);
    }

    private static void ReadGroups(TritonSection root, ConfigurationDraft draft)
    {
        var instances = 0;
        foreach (var group in root.Sections("instance_group"))
        {
            // Triton takes an absent or zero count for one.
            instances += Math.Max(1, group.Int("count", 0, ConfigurationLimits.MaxInstances)?.Value ?? 1);
            var device = ReadDevice(group, draft);
            if (device is not null && draft.Device is not null && draft.Device.Value != device)
                group.Report("kind", $"puts this group on {device} but an earlier one is on {draft.Device.Value}: {OneDevice}");
            else if (device is not null)
                draft.Device ??= new(device, group.Where("kind"));

            group.Text("name");
            group.RefuseTrue("passive", "an instance that takes no requests would only hold memory; remove the group");
            group.Refuse("profile", "only TensorRT plans have optimization profiles");
            group.Refuse("secondary_devices", "only TensorRT plans use them");
            group.Ignore("rate_limiter", "executors are not rationed between models", draft.Remarks);
            group.Ignore("host_policy", "threads are placed by the operating system", draft.Remarks);
            group.Finish();
        }
        if (instances > ConfigurationLimits.MaxInstances)
            root.Report("instance_group", $"has {instances} instances in all; that must be 1..{ConfigurationLimits.MaxInstances}");
        else if (instances > 0)
            draft.Instances = new(instances, root.Where("instance_group"));
    }

    /// <returns>Null when the group does not say, or says something wrong.</returns>
    private static string? ReadDevice(TritonSection group, ConfigurationDraft draft)
    {
        var kind = Kinds[group.Enum("kind", Kinds)?.Value ?? 0];
        var gpus = group.Longs("gpus", 0, int.MaxValue)?.Value ?? [];
        if (gpus.Length > 1)
        {
            group.Report("gpus", $"({Shape.Show(gpus)}) must be one GPU: {OneDevice}");
            return null;
        }
        switch (kind)
        {
            case "KIND_MODEL":
                group.Report("kind", "(KIND_MODEL) is not supported: say KIND_CPU or KIND_GPU");
                return null;
            case "KIND_CPU" when gpus.Length > 0:
                group.Report("gpus", "cannot stand beside KIND_CPU");
                return null;
            case "KIND_CPU":
                return "cpu";
            case "KIND_AUTO" when gpus.Length == 0:
                draft.Remarks.Add($"{group.Where("kind")} KIND_AUTO means the CPU here: say KIND_GPU, or execution.device in model.json, for a GPU.");
                return "cpu";
            default:
                if (gpus.Length > 0) return string.Create(CultureInfo.InvariantCulture, $"cuda:{gpus[0]}");
                draft.Remarks.Add($"{group.Where("kind")} KIND_GPU without gpus means the first GPU, not all: {OneDevice}.");
                return "cuda";
        }
    }

    private static void ReadOptimization(TritonSection? section, ConfigurationDraft draft)
    {
        if (section is null) return;
        ReadGraphLevel(section.Section("graph"), draft);
        section.Enum("priority", Priorities);
        if (section.Section("execution_accelerators") is { } accelerators)
        {
            foreach (var accelerator in accelerators.Sections("gpu_execution_accelerator")) ReadGpuAccelerator(accelerator, draft);
            accelerators.Refuse("cpu_execution_accelerator", "name an execution provider of your own as execution.device 'plugin:PATH' in model.json, or remove it");
            accelerators.Finish();
        }
        section.Ignore("cuda", "Triton reads it for TensorRT plans only", draft.Remarks);
        section.Ignore("input_pinned_memory", "buffers are pinned where the device gains by it", draft.Remarks);
        section.Ignore("output_pinned_memory", "buffers are pinned where the device gains by it", draft.Remarks);
        section.Ignore("gather_kernel_buffer_threshold", "rows are gathered on the host", draft.Remarks);
        section.Ignore("eager_batching", "inputs are gathered when a batch starts", draft.Remarks);
        section.Finish();
    }

    private static void ReadGraphLevel(TritonSection? graph, ConfigurationDraft draft)
    {
        if (graph is null) return;
        var level = graph.Int("level", -1, int.MaxValue);
        graph.Finish();
        // 1 leaves out only changes of memory layout, which give the same answers. -1 and 2 are how people get around a faulty fusion.
        if (level is { Value: -1 or 2 })
        {
            graph.Report("level", $"({level.Value}) is not supported: all of the runtime's graph optimizations are on; "
                + "export an optimized graph without the fault, and remove it");
        }
        else if (level is { Value: not 0 })
        {
            draft.Remarks.Add($"{level.Where} ({level.Value}) has no effect: all of the runtime's graph optimizations are on.");
        }
    }

    private static void ReadGpuAccelerator(TritonSection accelerator, ConfigurationDraft draft)
    {
        var name = accelerator.Text("name");
        if (name is null && !accelerator.Has("name")) accelerator.Report("name", "is missing");
        if (name is { Value: not ("tensorrt" or "cuda") })
            accelerator.Report("name", $"('{name.Value}') must be 'tensorrt' or 'cuda'");

        accelerator.Map("parameters", entry =>
        {
            var (key, value) = (entry.Text("key"), entry.Text("value"));
            if (key is { Value: "precision_mode" } && value is { Value: not "FP32" })
                entry.Report("value", $"(\"{value.Value}\") of precision_mode must be \"FP32\": convert the model itself to the lower precision");
            else if (key is not null)
                draft.Remarks.Add($"{entry.Where("key")} {key.Value} has no effect: the execution provider runs with its own defaults.");
            return key?.Value;
        });
        accelerator.Finish();

        if (name is not { Value: "tensorrt" }) return;
        if (draft.Device is null or { Value: "cuda" }) draft.Device = new("tensorrt", name.Where);
        else if (draft.Device.Value.StartsWith("cuda:", StringComparison.Ordinal)) draft.Device = new($"tensorrt{draft.Device.Value["cuda".Length..]}", name.Where);
        else if (draft.Device.Value == "cpu") draft.Remarks.Add($"{name.Where} tensorrt has no effect: the instance group is on the CPU.");
    }
}
