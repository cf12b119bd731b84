using Google.Protobuf;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Protos;
using GrpcServing.Routing;

namespace GrpcServing.Shadowing;

/// <summary>Turns what the lanes hold into messages of the protocol, as they can be sent again.</summary>
internal static class CaptureEncoder
{
    /// <summary>The request as its caller sent it, in raw contents, for the version that answered it.</summary>
    public static ModelInferRequest Request(DecodedRequest request, ModelSpec spec)
    {
        var message = new ModelInferRequest { ModelName = spec.Name, ModelVersion = Version(spec), Id = request.Id };
        foreach (var parameter in request.Parameters) message.Parameters[parameter.Name] = Parameter(parameter);
        var dims = request.OwnRowDims ?? request.Bucket.RowDims;
        for (var i = 0; i < spec.Inputs.Length; i++)
        {
            var input = new ModelInferRequest.Types.InferInputTensor { Name = spec.Inputs[i].Name, Datatype = spec.Inputs[i].DataType.Name() };
            if (spec.HasBatchAxis) input.Shape.Add(request.Rows);
            input.Shape.AddRange(dims[i]);
            message.Inputs.Add(input);
            message.RawInputContents.Add(ByteString.CopyFrom(request.Input(i)));
        }
        foreach (var requested in request.Outputs)
        {
            var output = new ModelInferRequest.Types.InferRequestedOutputTensor { Name = spec.Outputs[requested.Output].Name };
            if (requested.Classes > 0) output.Parameters["classification"] = new InferParameter { Int64Param = requested.Classes };
            message.Outputs.Add(output);
        }
        return message;
    }

    /// <summary>An answer with the tensors themselves, also where the caller asked for classes.</summary>
    /// <returns>Null for an error.</returns>
    public static ModelInferResponse? Answer(in ShadowAnswer answer, string id)
    {
        if (answer.Result is not { } result) return null;
        var message = new ModelInferResponse { ModelName = answer.Spec.Name, ModelVersion = Version(answer.Spec), Id = id };
        for (var i = 0; i < result.Outputs.Length; i++)
        {
            var spec = answer.Spec.Outputs[result.Outputs[i].Output];
            var output = new ModelInferResponse.Types.InferOutputTensor { Name = spec.Name, Datatype = spec.DataType.Name() };
            output.Shape.AddRange(result.Outputs[i].Shape);
            message.Outputs.Add(output);
            message.RawOutputContents.Add(ByteString.CopyFrom(result.Bytes(i)));
        }
        return message;
    }

    private static InferParameter Parameter(RequestParameter parameter) => parameter.Kind switch
    {
        ParameterKind.Bool => new InferParameter { BoolParam = parameter.Bits != 0 },
        ParameterKind.Int64 => new InferParameter { Int64Param = parameter.Bits },
        ParameterKind.UInt64 => new InferParameter { Uint64Param = unchecked((ulong)parameter.Bits) },
        ParameterKind.Double => new InferParameter { DoubleParam = BitConverter.Int64BitsToDouble(parameter.Bits) },
        ParameterKind.String => new InferParameter { StringParam = parameter.Text },
        _ => new InferParameter(),
    };

    private static string Version(ModelSpec spec) => spec.Version.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
