using System.Collections.Immutable;

namespace GrpcServing.Models;

/// <summary>Reads the <c>input</c> and <c>output</c> fields of config.pbtxt.</summary>
internal static class TritonTensorReader
{
    /// <summary>Triton's DataType by number.</summary>
    public static ImmutableArray<string> DataTypes { get; } =
    [
        "TYPE_INVALID", "TYPE_BOOL", "TYPE_UINT8", "TYPE_UINT16", "TYPE_UINT32", "TYPE_UINT64", "TYPE_INT8", "TYPE_INT16", "TYPE_INT32",
        "TYPE_INT64", "TYPE_FP16", "TYPE_FP32", "TYPE_FP64", "TYPE_STRING", "TYPE_BF16",
    ];

    private static readonly ImmutableArray<string> Formats = ["FORMAT_NONE", "FORMAT_NHWC", "FORMAT_NCHW"];

    public static List<TensorDraft>? ReadInputs(TritonSection root) => Read(root, "input", static (section, name) =>
    {
        var format = (ImageFormat)(section.Enum("format", Formats)?.Value ?? 0);
        section.RefuseTrue("allow_ragged_batch", "requests of one shape share a batch; remove it");
        section.RefuseTrue("optional", "every input of an ONNX graph is needed; remove it");
        return Complete(section, "input", name, format, labelFile: "");
    });

    public static List<TensorDraft>? ReadOutputs(TritonSection root) => Read(root, "output", static (section, name) =>
    {
        var labels = section.Text("label_filename")?.Value ?? "";
        if (labels != "" && !ModelPath.IsInside(labels))
            section.Report("label_filename", $"('{labels}') must be a path inside the model's directory");
        return Complete(section, "output", name, ImageFormat.None, labels);
    });

    /// <summary>The data type of a field, or null when it is absent or wrong.</summary>
    public static TensorDataType? ReadDataType(TritonSection section, string field)
    {
        if (section.Enum(field, DataTypes) is not { } number) return null;
        if (number.Value != 0) return ToDataType(DataTypes[number.Value]);
        section.Report(field, "(TYPE_INVALID) must be the type of the tensor, TYPE_FP32 for example");
        return null;
    }

    /// <summary>The type in Triton's spelling.</summary>
    public static string NameOf(TensorDataType type) => type == TensorDataType.Bytes ? "TYPE_STRING" : $"TYPE_{type.Name()}";

    private static TensorDataType ToDataType(string name)
    {
        var known = TensorDataTypes.TryParse(name == "TYPE_STRING" ? "BYTES" : name["TYPE_".Length..], out var type);
        System.Diagnostics.Debug.Assert(known, "every data type of Triton is one of ours");
        return type;
    }

    private static List<TensorDraft>? Read(TritonSection root, string field, Func<TritonSection, string, TensorDraft> read)
    {
        List<TensorDraft>? tensors = null;
        foreach (var section in root.Sections(field))
        {
            tensors ??= [];
            var name = section.Text("name")?.Value ?? "";
            if (name == "") section.Report("name", $"is missing: give every {field} the name it has in the graph");
            else if (tensors.Any(tensor => tensor.Name == name)) section.Report("name", $"('{name}') is given more than once");
            tensors.Add(read(section, name));
            section.Finish();
        }
        return tensors;
    }

    private static TensorDraft Complete(TritonSection section, string field, string name, ImageFormat format, string labelFile)
    {
        section.RefuseTrue("is_shape_tensor", "only TensorRT plans have shape tensors; remove it");
        section.RefuseTrue("is_non_linear_format_io", "only TensorRT plans have it; remove it");
        var type = ReadDataType(section, "data_type");
        var dims = Dims(section, "dims");
        if (format != ImageFormat.None && dims is { Length: not 3 } flat)
            section.Report("dims", $"({Shape.Show(flat)}) must be 3 dimensions for {Formats[(int)format]}: without the batch axis");

        ImmutableArray<long>? reshape = null;
        if (section.Section("reshape") is { } reshaped)
        {
            // An absent shape is the empty one: a scalar a row. A wrong one is reported already.
            reshape = Dims(reshaped, "shape") ?? (reshaped.Has("shape") ? dims : []);
            reshaped.Finish();
            if (!section.Has("dims")) section.Report("dims", "is missing: reshape says what becomes of it");
            else if (dims is { } from && reshape is { } to && !SameElements(from, to))
                section.Report("reshape", $"(shape {Shape.Show(to)}) must hold as many elements as dims {Shape.Show(from)}, with as many -1");
        }
        return new TensorDraft(TritonSection.At(section.Line, $"{field} '{name}'"), name, type, dims, reshape, format, labelFile);
    }

    private static ImmutableArray<long>? Dims(TritonSection section, string field)
    {
        const string Expected = "a whole number of at least 1, or -1 for any size";
        if (section.Longs(field, -1, long.MaxValue, Expected) is not { } dims) return null;
        if (!dims.Value.Contains(0)) return dims.Value;
        section.Report(field, $"({Shape.Show(dims.Value)}): each must be {Expected}");
        return null;
    }

    private static bool SameElements(ImmutableArray<long> dims, ImmutableArray<long> reshape)
    {
        static Int128 Fixed(ImmutableArray<long> of) => of.Where(static dim => dim > 0).Aggregate((Int128)1, static (product, dim) => product * dim);
        return dims.Count(static dim => dim == -1) == reshape.Count(static dim => dim == -1) && Fixed(dims) == Fixed(reshape);
    }
}
