using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using GrpcServing.Protos;
using Microsoft.ML.OnnxRuntime;

namespace GrpcServing.Baselines;

/// <summary>Runs the model once for each request, over the generated messages: what a .NET developer who knows ONNX Runtime writes first.</summary>
/// <remarks>One FP32 input and one FP32 output.</remarks>
internal sealed class NaiveService(ModelSessions sessions) : GRPCInferenceService.GRPCInferenceServiceBase
{
    private static readonly RunOptions Options = new();

    public override Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context) => Task.FromResult(Infer(request));

    public ModelInferResponse Infer(ModelInferRequest request)
    {
        var session = sessions.Find(request.ModelName) ?? throw new RpcException(new Status(StatusCode.NotFound, $"model '{request.ModelName}' is not found"));
        if (request.Inputs.Count != 1 || request.RawInputContents.Count != 1)
            throw new RpcException(new Status(StatusCode.InvalidArgument, "expected one input with raw contents"));

        var elements = MemoryMarshal.Cast<byte, float>(request.RawInputContents[0].Span).ToArray();
        using var input = OrtValue.CreateTensorValueFromMemory(elements, [.. request.Inputs[0].Shape]);
        using var outputs = session.Run(Options, session.InputNames, [input], session.OutputNames);

        var output = outputs[0];
        return new ModelInferResponse
        {
            ModelName = request.ModelName,
            ModelVersion = "1",
            Id = request.Id,
            Outputs = { new ModelInferResponse.Types.InferOutputTensor { Name = session.OutputNames[0], Datatype = "FP32", Shape = { output.GetTensorTypeAndShape().Shape } } },
            RawOutputContents = { ByteString.CopyFrom(MemoryMarshal.AsBytes(output.GetTensorDataAsSpan<float>())) },
        };
    }
}
