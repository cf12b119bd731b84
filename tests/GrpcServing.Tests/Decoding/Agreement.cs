using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.Collections;
using GrpcServing.Decoding;
using GrpcServing.Execution;
using GrpcServing.Protos;
using GrpcServing.Routing;

namespace GrpcServing.Tests.Decoding;

/// <summary>Holds <see cref="WireReader"/> against the generated parser.</summary>
internal static class Agreement
{
    /// <summary>Both refuse, or both accept and understand the same.</summary>
    public static void Check(byte[] bytes, ReadOnlySequence<byte> payload, TensorPool pool)
    {
        var expected = Parse(bytes);
        var request = WireReader.Read(payload, pool);
        try
        {
            if (expected is null || IsTooMuch(expected))
            {
                Assert.Equal(ErrorReason.InvalidArgument, request.Error.Reason);
                Assert.Null(request.Body);
                return;
            }
            if (IsStricter(request.Error)) return;
            Assert.Equal(ServingError.None, request.Error);
            Compare(expected, request);
        }
        finally
        {
            request.Release();
        }
    }

    /// <summary>More than a request may hold: changed bytes can turn anything into a long packed shape.</summary>
    private static bool IsTooMuch(ModelInferRequest request) => request.Inputs.Any(static input => input.Shape.Count > UncheckedRequest.MaxRank);

    /// <summary>
    /// The two other intended differences. The generated parser reads on after a tag of a wire type that does not exist, inside map entries,
    /// and after a negative length, of packed fields.
    /// </summary>
    private static bool IsStricter(ServingError error) =>
        !error.IsNone &&
        (error.Message.Contains("has the unknown wire type", StringComparison.Ordinal) || error.Message.Contains("a length is negative", StringComparison.Ordinal));

    private static ModelInferRequest? Parse(byte[] bytes)
    {
        try
        {
            return ModelInferRequest.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static void Compare(ModelInferRequest expected, UncheckedRequest request)
    {
        Assert.Equal(expected.ModelName, request.ModelName);
        Assert.Equal(expected.ModelVersion, request.ModelVersion);
        Assert.Equal(expected.Id, request.Id);
        Compare(expected.Parameters, request.Parameters);

        Assert.Equal(expected.Inputs.Count, request.InputCount);
        for (var i = 0; i < request.InputCount; i++) Compare(expected.Inputs[i], request, request.Inputs[i]);

        Assert.Equal(expected.Outputs.Count, request.OutputCount);
        for (var i = 0; i < request.OutputCount; i++)
        {
            Assert.Equal(expected.Outputs[i].Name, request.Outputs[i].Name);
            Compare(expected.Outputs[i].Parameters, request.Outputs[i].Parameters ?? []);
        }

        Assert.Equal(expected.RawInputContents.Count, request.RawContentsCount);
        for (var i = 0; i < request.RawContentsCount; i++)
            Assert.Equal(expected.RawInputContents[i].ToByteArray(), Bytes(request, request.RawContents[i]));
    }

    private static void Compare(ModelInferRequest.Types.InferInputTensor expected, UncheckedRequest request, UncheckedInput input)
    {
        Assert.Equal(expected.Name, input.Name);
        Assert.Equal(expected.Datatype, input.Datatype);
        Assert.Equal(expected.Shape, request.Shape(input).ToArray());
        Compare(expected.Parameters, input.Parameters ?? []);
        Assert.Equal(expected.Contents is not null, input.Contents.HasFlag(ContentsFields.Present));

        var contents = RawForm.Of(expected.Contents ?? new InferTensorContents());
        var given = contents.Keys.Aggregate(ContentsFields.None, static (fields, field) => fields | field);
        Assert.Equal(given, input.Contents & ContentsFields.Typed);
        if (contents.Count == 1) Assert.Equal(contents.Values.Single(), Bytes(request, input.Elements));
    }

    private static void Compare(MapField<string, InferParameter> expected, List<UncheckedParameter> parameters)
    {
        Assert.Equal(expected.Count, parameters.Count);
        foreach (var parameter in parameters)
            Assert.Equal(Value(expected[parameter.Name]), (parameter.Kind, parameter.Bits, parameter.Text));
    }

    private static (ParameterKind Kind, long Bits, string Text) Value(InferParameter parameter) => parameter.ParameterChoiceCase switch
    {
        InferParameter.ParameterChoiceOneofCase.BoolParam => (ParameterKind.Bool, parameter.BoolParam ? 1 : 0, ""),
        InferParameter.ParameterChoiceOneofCase.Int64Param => (ParameterKind.Int64, parameter.Int64Param, ""),
        InferParameter.ParameterChoiceOneofCase.Uint64Param => (ParameterKind.UInt64, unchecked((long)parameter.Uint64Param), ""),
        InferParameter.ParameterChoiceOneofCase.DoubleParam => (ParameterKind.Double, BitConverter.DoubleToInt64Bits(parameter.DoubleParam), ""),
        InferParameter.ParameterChoiceOneofCase.StringParam => (ParameterKind.String, 0, parameter.StringParam),
        _ => (ParameterKind.None, 0, ""),
    };

    private static byte[] Bytes(UncheckedRequest request, BodySlice slice) =>
        slice.Length == 0 ? [] : request.Body!.Slice(slice.Offset, slice.Length).ToArray();
}
