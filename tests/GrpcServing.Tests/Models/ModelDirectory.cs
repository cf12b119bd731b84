using GrpcServing.Models;

namespace GrpcServing.Tests.Models;

/// <summary>A model's directory on disk for the time of a test; its name is <c>resnet</c>.</summary>
internal sealed class ModelDirectory : IDisposable
{
    public const string Name = "resnet";

    private readonly string _root = Directory.CreateTempSubdirectory("grpcserving-").FullName;

    public ModelDirectory(string? triton = null, string? json = null)
    {
        Directory.CreateDirectory(Path);
        if (triton is not null) Write("config.pbtxt", triton);
        if (json is not null) Write("model.json", json);
    }

    public string Path => System.IO.Path.Combine(_root, Name);

    public void Write(string file, string content)
    {
        var path = System.IO.Path.Combine(Path, file);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }

    public ModelConfiguration Read(GraphSpec graph) => ConfigurationReader.Read(Path, graph);

    /// <summary>The lines of the error, first one included.</summary>
    public string[] ErrorsOf(GraphSpec graph) =>
        [.. Assert.Throws<ModelLoadException>(() => Read(graph)).Message.Split('\n').Select(static line => line.Trim())];

    public string[] ErrorsOfLayout() =>
        [.. Assert.Throws<ModelLoadException>(() => ConfigurationReader.ReadLayout(Path)).Message.Split('\n').Select(static line => line.Trim())];

    public void Dispose() => Directory.Delete(_root, recursive: true);
}

/// <summary>Graphs for configuration tests, written as <c>name type dims</c>.</summary>
internal static class Graphs
{
    /// <summary>One image a row, rows independent: <c>input [N, 3, 224, 224]</c> to <c>output [N, 1000]</c>.</summary>
    public static GraphSpec Image { get; } = Create([("input", TensorDataType.Fp32, [-1, 3, 224, 224])], [("output", TensorDataType.Fp32, [-1, 1000])]);

    public static GraphSpec Create(
        (string Name, TensorDataType Type, long[] Dims)[] inputs, (string Name, TensorDataType Type, long[] Dims)[] outputs, bool rowsAreIndependent = true) => new()
    {
        Inputs = [.. inputs.Select(Tensor)],
        Outputs = [.. outputs.Select(Tensor)],
        RowsAreIndependent = rowsAreIndependent,
    };

    private static GraphTensor Tensor((string Name, TensorDataType Type, long[] Dims) tensor) =>
        new(tensor.Name, tensor.Type, [.. tensor.Dims], [.. tensor.Dims.Select(static (dim, i) => dim == -1 && i == 0 ? "N" : "")]);
}
