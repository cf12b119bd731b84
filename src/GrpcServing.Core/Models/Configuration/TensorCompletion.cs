using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>Makes the specs of a model's inputs and outputs from the graph and from what a config.pbtxt lists, and checks one against the other.</summary>
/// <remarks>
/// A file's dims are written for its own max_batch_size, which model.json may override. So they are first made whole (with the graph's first
/// dimension), compared with the graph, and then cut to the batch axis in force.
/// </remarks>
/// <param name="fileOmitsBatchAxis">The file's dims leave out the batch axis.</param>
/// <param name="hasBatchAxis">The specs leave out the batch axis; then every first dimension of the graph is open.</param>
internal sealed class TensorCompletion(string modelDirectory, bool fileOmitsBatchAxis, bool hasBatchAxis, ConfigurationErrors errors)
{
    /// <summary>All inputs in the graph's order. A file that lists any must list all.</summary>
    public ImmutableArray<TensorSpec> Inputs(List<TensorDraft>? listed, ImmutableArray<GraphTensor> graph)
    {
        ReportUnknown("input", listed, graph);
        foreach (var tensor in graph)
        {
            if (listed is not null && listed.All(draft => draft.Name != tensor.Name))
                errors.Add($"{TritonSection.FileName}:", $"input '{tensor.Name}' of the graph is missing: list every input, or none");
        }
        return [.. graph.Select(tensor => Complete(tensor, listed?.FirstOrDefault(draft => draft.Name == tensor.Name)))];
    }

    /// <summary>The outputs that are served, in the graph's order: those listed, or all when none is.</summary>
    public ImmutableArray<TensorSpec> Outputs(List<TensorDraft>? listed, ImmutableArray<GraphTensor> graph)
    {
        ReportUnknown("output", listed, graph);
        return
        [
            .. graph
                .Where(tensor => listed is null || listed.Any(draft => draft.Name == tensor.Name))
                .Select(tensor => Complete(tensor, listed?.FirstOrDefault(draft => draft.Name == tensor.Name)))
        ];
    }

    private void ReportUnknown(string kind, List<TensorDraft>? listed, ImmutableArray<GraphTensor> graph)
    {
        string[] names = [.. graph.Select(static tensor => tensor.Name)];
        foreach (var draft in listed ?? [])
        {
            if (!names.Contains(draft.Name)) errors.Add(draft.Where, $"is not an {kind} of the graph{NearestName.Hint(draft.Name, names)}");
        }
    }

    private TensorSpec Complete(GraphTensor graph, TensorDraft? draft)
    {
        if (draft is null) return new TensorSpec { Name = graph.Name, DataType = graph.DataType, Dims = Cut(graph.Dims), GraphDims = Cut(graph.Dims), DimNames = Cut(graph.Symbols) };

        if (draft.DataType is { } type && type != graph.DataType)
            errors.Add(draft.Where, $"data_type ({TritonTensorReader.NameOf(type)}) must be {TritonTensorReader.NameOf(graph.DataType)}, the graph's");
        var dims = draft.Dims is { } given ? Whole(given, graph) : graph.Dims;
        var graphDims = draft.Reshape is { } reshape ? Whole(reshape, graph) : dims;
        CheckFit(draft, graph, graphDims);
        if (hasBatchAxis && !fileOmitsBatchAxis && (dims is not [-1, ..] || graphDims is not [-1, ..]))
        {
            errors.Add(draft.Where, $"dims {Shape.Show(dims)} must begin with -1, the batch axis, to be served with maxBatchSize above 0");
            (dims, graphDims) = (graph.Dims, graph.Dims);
        }
        return new TensorSpec
        {
            Name = graph.Name,
            DataType = graph.DataType,
            Dims = Cut(dims),
            GraphDims = Cut(graphDims),
            DimNames = draft.Reshape is null ? Cut(graph.Symbols) : [],
            Format = draft.Format,
            LabelFile = draft.LabelFile,
            Labels = ReadLabels(draft),
        };
    }

    private ImmutableArray<long> Whole(ImmutableArray<long> dims, GraphTensor graph) => fileOmitsBatchAxis ? [.. graph.Dims.Take(1), .. dims] : dims;

    private ImmutableArray<T> Cut<T>(ImmutableArray<T> dims) => hasBatchAxis && dims.Length > 0 ? dims[1..] : dims;

    private void CheckFit(TensorDraft draft, GraphTensor graph, ImmutableArray<long> dims)
    {
        var skip = fileOmitsBatchAxis ? 1 : 0;
        var field = draft.Reshape is null ? "dims" : "reshape";
        var written = Shape.Show([.. dims.Skip(skip)]);
        var expected = $"the graph's {Shape.Show(graph, skip)}{(fileOmitsBatchAxis ? ", batch axis left out" : "")}";
        if (dims.Length != graph.Dims.Length)
        {
            errors.Add(draft.Where, $"{field} {written} must have {Math.Max(0, graph.Dims.Length - skip)} dimensions to fit {expected}");
            return;
        }
        for (var i = skip; i < dims.Length; i++)
        {
            if (graph.Dims[i] == -1 || graph.Dims[i] == dims[i]) continue;
            errors.Add(draft.Where, $"{field} {written} does not fit {expected}: dimension {i - skip + 1} must be {graph.Dims[i]}");
        }
    }

    private ImmutableArray<string> ReadLabels(TensorDraft draft)
    {
        if (draft.LabelFile == "") return [];
        var path = Path.Combine(modelDirectory, draft.LabelFile);
        try
        {
            return [.. File.ReadAllLines(path).Select(static line => line.TrimEnd())];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add(draft.Where, $"label_filename ('{draft.LabelFile}') cannot be read: {e.Message}");
            return [];
        }
    }
}
