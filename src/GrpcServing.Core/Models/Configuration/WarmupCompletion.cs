using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>Checks the warm-up requests of a config.pbtxt against the inputs, as a request would be, and finds their files.</summary>
internal static class WarmupCompletion
{
    /// <summary>Where Triton looks for the files of warm-up tensors, inside the model's directory.</summary>
    private const string FolderName = "warmup";

    public static ImmutableArray<WarmupRequest> Complete(
        ConfigurationDraft draft, ImmutableArray<TensorSpec> inputs, int maxBatchSize, string modelDirectory, ConfigurationErrors errors) =>
        [.. draft.Warmup.Select(warmup => Complete(warmup, draft.TritonMaxBatchSize > 0, inputs, maxBatchSize, modelDirectory, errors))];

    private static WarmupRequest Complete(
        WarmupDraft draft, bool fileOmitsBatchAxis, ImmutableArray<TensorSpec> inputs, int maxBatchSize, string modelDirectory, ConfigurationErrors errors)
    {
        var rows = Rows(draft, fileOmitsBatchAxis, maxBatchSize, errors);
        string[] names = [.. inputs.Select(static input => input.Name)];
        foreach (var unknown in draft.Request.Inputs.Keys.Except(names).Order(StringComparer.Ordinal))
            errors.Add(draft.Where, $"input '{unknown}' is not an input of the model{NearestName.Hint(unknown, names)}");

        var tensors = ImmutableDictionary.CreateBuilder<string, WarmupTensor>();
        foreach (var input in inputs)
        {
            if (draft.Request.Inputs.TryGetValue(input.Name, out var tensor))
                tensors[input.Name] = Complete(draft, input, tensor, fileOmitsBatchAxis, maxBatchSize > 0, modelDirectory, errors);
            else
                errors.Add(draft.Where, $"input '{input.Name}' is missing");
        }
        return draft.Request with { BatchSize = rows, Inputs = tensors.ToImmutable() };
    }

    private static int Rows(WarmupDraft draft, bool fileOmitsBatchAxis, int maxBatchSize, ConfigurationErrors errors)
    {
        var rows = draft.Request.BatchSize;
        // Batching that model.json switched off: the same rows, one at a time.
        if (maxBatchSize == 0 && fileOmitsBatchAxis) return 1;
        var most = Math.Max(1, maxBatchSize);
        if (rows > most) errors.Add(draft.Where, $"batch_size ({rows}) must be 1..{most}, the batch limit{(maxBatchSize == 0 ? " of a model without a batch axis" : "")}");
        return rows;
    }

    private static WarmupTensor Complete(
        WarmupDraft draft, TensorSpec input, WarmupTensor tensor, bool fileOmitsBatchAxis, bool hasBatchAxis, string modelDirectory, ConfigurationErrors errors)
    {
        if (tensor.DataType != input.DataType)
            errors.Add(draft.Where, $"input '{input.Name}' data_type ({TritonTensorReader.NameOf(tensor.DataType)}) must be {TritonTensorReader.NameOf(input.DataType)}");

        var dims = tensor.Dims;
        if (fileOmitsBatchAxis && !hasBatchAxis) dims = [1, .. dims];
        if (!fileOmitsBatchAxis && hasBatchAxis && dims is [1, ..]) dims = dims[1..];
        var fits = dims.Length == input.Dims.Length && dims.Zip(input.Dims).All(static pair => pair.Second == -1 || pair.First == pair.Second);
        if (!fits)
            errors.Add(draft.Where, $"input '{input.Name}' dims {Shape.Show(dims)} must fit {Shape.Show(input.Dims)}{(hasBatchAxis ? ", batch axis left out" : "")}");

        var file = tensor.File == "" ? "" : Path.Combine(modelDirectory, FolderName, tensor.File);
        if (file != "" && !File.Exists(file))
            errors.Add(draft.Where, $"input '{input.Name}' input_data_file ('{tensor.File}') is not there: expected {FolderName}/{tensor.File} in the model's directory");
        return tensor with { Dims = dims, File = file };
    }
}
