using CsCheck;
using Google.Protobuf;
using GrpcServing.Protos;

namespace GrpcServing.Tests.Decoding;

/// <summary>Random messages that use every field of <see cref="ModelInferRequest"/>, fit for a model or not.</summary>
internal static class RequestGenerator
{
    private static readonly Gen<string> Text = Gen.Frequency(
        (2, Gen.Const("")),
        (6, Gen.OneOf(new[] { "INPUT0", "FP32", "priority", "timeout", "1", "déjà vu", "模型", "🙂" }.Select(Gen.Const).ToArray())),
        (2, Gen.String[Gen.Char['a', 'z'], 0, 12]),
        (1, Gen.String[Gen.Char['\u0400', '\u04ff'], 100, 400]));

    private static readonly Gen<ByteString> Bytes = Gen.Byte.Array[0, 40].Select(static bytes => ByteString.CopyFrom(bytes));

    private static readonly Gen<InferParameter> Parameter = Gen.OneOf(
        Gen.Const(0).Select(static _ => new InferParameter()),
        Gen.Bool.Select(static value => new InferParameter { BoolParam = value }),
        Gen.Long.Select(static value => new InferParameter { Int64Param = value }),
        Gen.ULong.Select(static value => new InferParameter { Uint64Param = value }),
        Gen.Double.Select(static value => new InferParameter { DoubleParam = value }),
        Text.Select(static value => new InferParameter { StringParam = value }));

    private static readonly Gen<Dictionary<string, InferParameter>> Parameters = Gen.Dictionary(Text, Parameter)[0, 3];

    private static readonly Gen<InferTensorContents> Contents = Gen.Select(
        Gen.Int[0, 8], Gen.Int[0, 5], Gen.Long.Array[0, 12], Gen.Double.Array[0, 12], Bytes.Array[0, 5],
        static (field, second, integers, numbers, strings) =>
        {
            var contents = new InferTensorContents();
            Fill(contents, field, integers, numbers, strings);
            if (second == 0) Fill(contents, (field + 1) % 9, integers, numbers, strings);
            return contents;
        });

    private static readonly Gen<ModelInferRequest.Types.InferInputTensor> Input = Gen.Select(
        Text, Text, Gen.Frequency((3, Gen.Long[0, 300]), (1, Gen.Long)).Array[0, 6], Parameters, Contents, Gen.Bool,
        static (name, datatype, shape, parameters, contents, hasContents) =>
        {
            var input = new ModelInferRequest.Types.InferInputTensor { Name = name, Datatype = datatype, Shape = { shape }, Parameters = { parameters } };
            if (hasContents) input.Contents = contents;
            return input;
        });

    private static readonly Gen<ModelInferRequest.Types.InferRequestedOutputTensor> Output = Gen.Select(
        Text, Parameters, static (name, parameters) => new ModelInferRequest.Types.InferRequestedOutputTensor { Name = name, Parameters = { parameters } });

    public static Gen<ModelInferRequest> Request { get; } = Gen.Select(
        Gen.Select(Text, Text, Text), Parameters, Input.Array[0, 4], Output.Array[0, 3], Bytes.Array[0, 4],
        static (names, parameters, inputs, outputs, raw) => new ModelInferRequest
        {
            ModelName = names.Item1,
            ModelVersion = names.Item2,
            Id = names.Item3,
            Parameters = { parameters },
            Inputs = { inputs },
            Outputs = { outputs },
            RawInputContents = { raw },
        });

    private static void Fill(InferTensorContents contents, int field, long[] integers, double[] numbers, ByteString[] strings)
    {
        switch (field)
        {
            case 1: contents.BoolContents.Add(integers.Select(static value => value % 2 == 0)); break;
            case 2: contents.IntContents.Add(integers.Select(static value => unchecked((int)value))); break;
            case 3: contents.Int64Contents.Add(integers); break;
            case 4: contents.UintContents.Add(integers.Select(static value => unchecked((uint)value))); break;
            case 5: contents.Uint64Contents.Add(integers.Select(static value => unchecked((ulong)value))); break;
            case 6: contents.Fp32Contents.Add(numbers.Select(static value => (float)value)); break;
            case 7: contents.Fp64Contents.Add(numbers); break;
            case 8: contents.BytesContents.Add(strings); break;
        }
    }
}
