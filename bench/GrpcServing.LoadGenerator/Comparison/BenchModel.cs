using System.Runtime.InteropServices;
using Google.Protobuf;
using GrpcServing.Protos;

namespace GrpcServing.LoadGenerator.Comparison;

/// <summary>A model of bench/models/make_models.py: input x, output y, FP32, rows along the first axis.</summary>
/// <param name="Row">Dimensions of a row.</param>
internal sealed record BenchModel(string Name, params long[] Row)
{
    public static IReadOnlyList<BenchModel> All { get; } =
        [new("tiny", 64), new("digits", 64), new("mid", 512), new("resnet", 3, 64, 64), new("encoder", 64, 256)];

    /// <summary>Gives back what it gets, of any length.</summary>
    public static BenchModel Identity(int bytes) => new("identity", bytes / sizeof(float));

    /// <summary>A request of one row with numbers from 0 to 1, always the same.</summary>
    public ModelInferRequest Request()
    {
        var random = new Random(1);
        var elements = new float[Row.Aggregate(1L, static (product, dim) => product * dim)];
        for (var i = 0; i < elements.Length; i++) elements[i] = random.NextSingle();
        return new ModelInferRequest
        {
            ModelName = Name,
            Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "x", Datatype = "FP32", Shape = { 1L, Row } } },
            RawInputContents = { ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(elements)) },
        };
    }
}
