using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>Reads the <c>model_warmup</c> field of config.pbtxt.</summary>
internal static class TritonWarmupReader
{
    public static void Read(TritonSection root, ConfigurationDraft draft)
    {
        foreach (var section in root.Sections("model_warmup"))
        {
            var name = section.Text("name")?.Value ?? "";
            var rows = section.Int("batch_size", 1, ConfigurationLimits.MaxBatchSize)?.Value;
            if (rows is null && !section.Has("batch_size")) section.Report("batch_size", "is missing: 1 or more rows, and 1 for a model without a batch axis");
            var count = section.Int("count", 0, ConfigurationLimits.MaxWarmupCount)?.Value ?? 1;
            var inputs = ImmutableDictionary.CreateBuilder<string, WarmupTensor>();
            section.Map("inputs", entry =>
            {
                var key = entry.Text("key")?.Value;
                if (key is null && !entry.Has("key")) entry.Report("key", "is missing: the name of the input");
                if (entry.Section("value") is { } value)
                {
                    var tensor = ReadTensor(value);
                    if (key is not null && tensor is not null) inputs[key] = tensor;
                }
                else if (!entry.Has("value"))
                {
                    entry.Report("value", "is missing: data_type, dims, and zero_data, random_data or input_data_file");
                }
                return key;
            });
            section.Finish();
            draft.Warmup.Add(new WarmupDraft(
                TritonSection.At(section.Line, $"model_warmup '{name}'"),
                new WarmupRequest(name, rows ?? 1, Math.Max(1, count), inputs.ToImmutable())));
        }
    }

    private static WarmupTensor? ReadTensor(TritonSection section)
    {
        var type = TritonTensorReader.ReadDataType(section, "data_type");
        if (type is null && !section.Has("data_type")) section.Report("data_type", "is missing");
        var dims = section.Longs("dims", 1, long.MaxValue)?.Value ?? [];
        section.Flag("zero_data");
        section.Flag("random_data");
        var file = section.Text("input_data_file")?.Value ?? "";
        if (file != "" && !ModelPath.IsInside(file)) section.Report("input_data_file", $"('{file}') must be a path inside the model's warmup directory");
        section.Finish();

        // The flags count by being there, whatever their value: so it is in Triton.
        var given = section.Present("zero_data", "random_data", "input_data_file");
        if (given.Count != 1)
        {
            section.Report(given.Count == 0 ? "zero_data" : given[1], "must be the only one of zero_data, random_data, input_data_file, and one of them must be there");
            return null;
        }
        var source = given[0] switch
        {
            "zero_data" => WarmupSource.Zero,
            "random_data" => WarmupSource.Random,
            _ => WarmupSource.File,
        };
        return type is null ? null : new WarmupTensor(type.Value, dims, source, file);
    }
}
