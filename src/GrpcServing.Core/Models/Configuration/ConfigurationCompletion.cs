using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>Turns what the files say into the whole configuration, with the graph filling what they leave open.</summary>
/// <remarks>
/// <para>
/// Batch limit. A model that no file gives one: <see cref="ConfigurationLimits.DefaultMaxBatchSize"/> where the rows are independent, else
/// none. A config.pbtxt that lists dims without max_batch_size means 0, as in Triton: its dims are whole. A limit that a file gives is the
/// user's word: taken when every first dimension is open, with a remark when the rows were not seen to be independent.
/// </para>
/// <para>
/// One exception keeps answers as they are under Triton: a config.pbtxt with max_batch_size but without dynamic_batching never put two
/// requests into one run there. Where rows are independent that cannot be told from outside, and requests are batched; where they are not, the
/// model is served without a batch axis, so that each request runs alone with the shapes it had, until the user says otherwise.
/// </para>
/// </remarks>
internal static class ConfigurationCompletion
{
    public const string DefaultModelFile = "model.onnx";

    private const string DependentRows = "rows of one batch influence each other in this graph, or could not be shown not to";

    /// <returns>Meaningful only when nothing was added to <paramref name="errors"/>.</returns>
    public static ModelConfiguration Complete(ConfigurationDraft draft, GraphSpec graph, string modelDirectory, ConfigurationErrors errors)
    {
        var remarks = draft.Remarks.ToList();
        var maxBatchSize = BatchLimit(draft, graph, errors, remarks);
        var tensors = new TensorCompletion(modelDirectory, draft.TritonMaxBatchSize > 0, maxBatchSize > 0, errors);
        var inputs = tensors.Inputs(draft.Inputs, graph.Inputs);
        var outputs = tensors.Outputs(draft.Outputs, graph.Outputs);
        var batching = BatchingCompletion.Complete(draft, maxBatchSize, errors, remarks);
        var configuration = new ModelConfiguration
        {
            MaxBatchSize = maxBatchSize,
            Inputs = inputs,
            Outputs = outputs,
            DefaultDeadline = draft.DefaultDeadline?.Value ?? (draft.HasTritonFile ? Timeout.InfiniteTimeSpan : null),
            Batching = batching,
            Execution = new ExecutionConfiguration
            {
                Device = draft.Device?.Value ?? "cpu",
                Instances = draft.Instances?.Value ?? 0,
                IntraOpThreads = draft.IntraOpThreads?.Value ?? 0,
                InterOpThreads = draft.InterOpThreads?.Value ?? 0,
            },
            Versions = draft.Versions?.Value ?? VersionPolicy.NewestOnly,
            Shadow = draft.Shadow,
            ModelFile = draft.ModelFile ?? DefaultModelFile,
            Warmup = WarmupCompletion.Complete(draft, inputs, maxBatchSize, modelDirectory, errors),
            Parameters = draft.Parameters.ToImmutableDictionary(),
            Remarks = [.. remarks],
        };
        return configuration with { Batching = batching with { Padding = PaddingCompletion.Complete(draft, configuration, errors) } };
    }

    private static int BatchLimit(ConfigurationDraft draft, GraphSpec graph, ConfigurationErrors errors, List<string> remarks)
    {
        var closed = Served(draft, graph).FirstOrDefault(static tensor => tensor.Dims is not [-1, ..]);
        if (draft.MaxBatchSize is not { } given) return ChosenLimit(draft, graph, closed is null, remarks);
        if (given.Value == 0) return 0;
        if (closed is not null)
        {
            errors.Add(given.Where, $"({given.Value}) needs an open first dimension in every input and output, but '{closed.Name}' is {Shape.Show(closed)} "
                + "in the graph: export the model with a dynamic batch axis, or set it to 0");
            return 0;
        }
        if (graph.RowsAreIndependent) return given.Value;

        var isTritonsWord = given.Where.StartsWith(TritonSection.FileName, StringComparison.Ordinal);
        if (isTritonsWord && !draft.HasDynamicBatching && draft.Policy is null)
        {
            remarks.Add($"{given.Where} ({given.Value}) has no effect: without dynamic_batching each request runs alone, as in Triton, because {DependentRows}; "
                + "add dynamic_batching, or set maxBatchSize in model.json, to batch them anyway.");
            return 0;
        }
        remarks.Add($"{given.Where} ({given.Value}) is taken as given, but {DependentRows}: the answer to a request may depend on those that share its batch; "
            + "set it to 0 if that is not meant.");
        return given.Value;
    }

    private static int ChosenLimit(ConfigurationDraft draft, GraphSpec graph, bool firstDimensionsAreOpen, List<string> remarks)
    {
        var listed = (draft.Inputs ?? []).Concat(draft.Outputs ?? []);
        if (listed.Any(static tensor => tensor.Dims is not null)) return 0;
        if (graph.RowsAreIndependent) return Math.Min(ConfigurationLimits.DefaultMaxBatchSize, draft.MaxQueueRows?.Value ?? int.MaxValue);
        if (firstDimensionsAreOpen) remarks.Add($"Each request runs alone: {DependentRows}; set maxBatchSize in model.json to batch them anyway.");
        return 0;
    }

    /// <summary>All inputs, and the outputs that the file lists.</summary>
    private static IEnumerable<GraphTensor> Served(ConfigurationDraft draft, GraphSpec graph) =>
        graph.Inputs.Concat(graph.Outputs.Where(output => draft.Outputs is null || draft.Outputs.Any(listed => listed.Name == output.Name)));
}
