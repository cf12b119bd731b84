using GrpcServing.Models;

namespace GrpcServing.Microbenchmarks;

/// <summary>Models with one FP32 input, image, and one FP32 output, probabilities, like the bundled digits.</summary>
internal static class Specs
{
    public static ModelSpec Dense(int inputElements, int outputElements) => new()
    {
        Name = "digits",
        Version = 1,
        MaxBatchSize = 64,
        Inputs = [Tensor("image", inputElements)],
        Outputs = [Tensor("probabilities", outputElements)],
    };

    private static TensorSpec Tensor(string name, long elements) => new() { Name = name, DataType = TensorDataType.Fp32, Dims = [elements], GraphDims = [elements] };
}
