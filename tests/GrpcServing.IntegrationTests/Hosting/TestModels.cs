using System.Runtime.InteropServices;
using Google.Protobuf;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Hosting;

/// <summary>Requests to the models of tests/models/README.md.</summary>
internal static class TestModels
{
    /// <summary>y = 10 * first; the run fails when first is not in -8..7.</summary>
    public static ModelInferRequest Poison(float first) => Request("poison", Tensor<float>("x", "FP32", [1, 4], [first, 0, 0, 0]));

    /// <summary>y = x, after a loop of so many turns.</summary>
    public static ModelInferRequest Slow(long iterations) =>
        Request("slow", Tensor<float>("x", "FP32", [1, 4], [1, 2, 3, 4]), Tensor<long>("iterations", "INT64", [1, 1], [iterations]));

    /// <summary>mean of the tokens of each row.</summary>
    public static ModelInferRequest Sequence(int rows, int length, long token) =>
        Request("seq", Tensor<long>("tokens", "INT64", [rows, length], [.. Enumerable.Range(0, rows * length).Select(i => token + (i / length))]));

    /// <summary>y = x + version.</summary>
    public static ModelInferRequest Versions(float x, string version, string model = "versions")
    {
        var request = Request(model, Tensor<float>("x", "FP32", [1, 1], [x]));
        request.ModelVersion = version;
        return request;
    }

    public static T[] Output<T>(ModelInferResponse response, int index = 0)
        where T : struct => MemoryMarshal.Cast<byte, T>(response.RawOutputContents[index].Span).ToArray();

    public static async Task AssertAnswersAsync(float[] expected, Task<ModelInferResponse> call) => Assert.Equal(expected, Output<float>(await call));

    /// <summary>A repository of its own in a temporary directory, deleted with the returned owner.</summary>
    public static TemporaryDirectory Repository(params string[] models)
    {
        var directory = new TemporaryDirectory();
        foreach (var model in models) TestPaths.CopyModel(TestPaths.Models, model, directory.Path);
        return directory;
    }

    private static ModelInferRequest Request(string model, params (ModelInferRequest.Types.InferInputTensor Tensor, ByteString Raw)[] inputs)
    {
        var request = new ModelInferRequest { ModelName = model };
        foreach (var (tensor, raw) in inputs)
        {
            request.Inputs.Add(tensor);
            request.RawInputContents.Add(raw);
        }
        return request;
    }

    private static (ModelInferRequest.Types.InferInputTensor Tensor, ByteString Raw) Tensor<T>(string name, string datatype, long[] shape, T[] elements)
        where T : struct =>
        (new ModelInferRequest.Types.InferInputTensor { Name = name, Datatype = datatype, Shape = { shape } }, ByteString.CopyFrom(MemoryMarshal.AsBytes<T>(elements)));
}
