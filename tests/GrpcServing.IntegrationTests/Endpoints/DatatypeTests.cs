using System.Buffers.Binary;
using Google.Protobuf;
using GrpcServing.Protos;
using static GrpcServing.IntegrationTests.Endpoints.TestRepositoryServer;

namespace GrpcServing.IntegrationTests.Endpoints;

/// <summary>Every datatype goes through a model that returns what it gets, bit for bit.</summary>
public sealed class DatatypeTests(TestRepositoryServer models) : IClassFixture<TestRepositoryServer>
{
    public static TheoryData<string, string, byte[]> Raw => new()
    {
        { "bool", "BOOL", [0, 1, 1, 0] },
        { "uint8", "UINT8", [0, 1, 127, 255] },
        { "uint16", "UINT16", Bytes<ushort>(0, 1, 32768, 65535) },
        { "uint32", "UINT32", Bytes(0u, 1u, 1u << 31, uint.MaxValue) },
        { "uint64", "UINT64", Bytes(0ul, 1ul, 1ul << 63, ulong.MaxValue) },
        { "int8", "INT8", Bytes<sbyte>(0, -1, sbyte.MinValue, sbyte.MaxValue) },
        { "int16", "INT16", Bytes<short>(0, -1, short.MinValue, short.MaxValue) },
        { "int32", "INT32", Bytes(0, -1, int.MinValue, int.MaxValue) },
        { "int64", "INT64", Bytes(0L, -1L, long.MinValue, long.MaxValue) },
        { "fp16", "FP16", Bytes((Half)1.5f, Half.NaN, Half.NegativeInfinity, (Half)(-0f)) },
        { "bf16", "BF16", Bytes<ushort>(0x3FC0, 0x7FC1, 0xFF80, 0x8000) },
        { "fp32", "FP32", Bytes(1.5f, BitConverter.UInt32BitsToSingle(0x7FC00123), float.NegativeInfinity, -0f) },
        { "fp64", "FP64", Bytes(1.5, BitConverter.UInt64BitsToDouble(0x7FF8000000000123), double.Epsilon, -0d) },
        { "string", "BYTES", [.. Text([]), .. Text("héllo"u8), .. Text([0, 255, 254, 0]), .. Text("x"u8)] },
    };

    [Theory]
    [MemberData(nameof(Raw))]
    public async Task ModelInfer_Raw_ComesBackBitForBit(string model, string datatype, byte[] raw)
    {
        foreach (var shape in new long[][] { [1, 4], [2, 2], [4, 1] })
        {
            var response = await models.Server.Client.ModelInferAsync(Request($"identity_{model}", ("INPUT0", datatype, shape, raw)));

            var output = Assert.Single(response.Outputs);
            Assert.Equal(("OUTPUT0", datatype), (output.Name, output.Datatype));
            Assert.Equal(shape, output.Shape);
            Assert.Null(output.Contents);
            Assert.Equal(raw, Assert.Single(response.RawOutputContents).ToByteArray());
        }
    }

    [Theory]
    [MemberData(nameof(Raw))]
    public async Task ModelInfer_NoElements_ComesBackEmpty(string model, string datatype, byte[] raw)
    {
        Assert.NotEmpty(raw);

        var response = await models.Server.Client.ModelInferAsync(Request($"identity_{model}", ("INPUT0", datatype, [3, 0], [])));

        Assert.Equal([3, 0], response.Outputs[0].Shape);
        Assert.Empty(Assert.Single(response.RawOutputContents));
    }

    [Theory]
    [MemberData(nameof(Raw))]
    public async Task ModelInfer_Typed_AgreesWithRaw(string model, string datatype, byte[] raw)
    {
        if (datatype is "FP16" or "BF16") return;
        var request = new ModelInferRequest { ModelName = $"identity_{model}" };
        request.Inputs.Add(new ModelInferRequest.Types.InferInputTensor { Name = "INPUT0", Datatype = datatype, Shape = { 2, 2 }, Contents = Typed(datatype, raw) });

        var response = await models.Server.Client.ModelInferAsync(request);

        Assert.Equal(raw, response.RawOutputContents[0].ToByteArray());
    }

    [Fact]
    public async Task ModelInfer_Scalar_HasNoDimensions()
    {
        var response = await models.Server.Client.ModelInferAsync(Request("scalar", ("X", "FP32", [], Bytes(21f))));

        Assert.Empty(response.Outputs[0].Shape);
        Assert.Equal([42f], Values<float>(response.RawOutputContents[0]));
    }

    [Fact]
    public async Task ModelInfer_NoBatchAxis_TakesShapesWhole()
    {
        var centred = await models.Server.Client.ModelInferAsync(Request("dynamic_1d", ("X", "FP32", [3], Bytes(1f, 2f, 6f))));
        var found = await models.Server.Client.ModelInferAsync(Request("nonzero", ("X", "FP32", [2, 3], Bytes(0f, 1f, 0f, 0f, 0f, 2f))));

        Assert.Equal([-2f, -1f, 3f], Values<float>(centred.RawOutputContents[0]));
        Assert.Equal([2, 2], found.Outputs[0].Shape);
        Assert.Equal([0L, 1L, 1L, 2L], Values<long>(found.RawOutputContents[0]));
    }

    [Fact]
    public async Task ModelInfer_OutputOfUndeclaredRank_HasTheShapeOfTheRun()
    {
        var square = await models.Server.Client.ModelInferAsync(Request("reshape", ("X", "FP32", [4], Bytes(1f, 2f, 3f, 4f)), ("dims", "INT64", [2], Bytes(2L, 2L))));
        var scalar = await models.Server.Client.ModelInferAsync(Request("reshape", ("X", "FP32", [1], Bytes(5f)), ("dims", "INT64", [0], [])));

        Assert.Equal([2, 2], square.Outputs[0].Shape);
        Assert.Equal([1f, 2f, 3f, 4f], Values<float>(square.RawOutputContents[0]));
        Assert.Empty(scalar.Outputs[0].Shape);
        Assert.Equal([5f], Values<float>(scalar.RawOutputContents[0]));
    }

    [Fact]
    public async Task ModelInfer_OutputThatIsAnInput_GoesThrough()
    {
        var response = await models.Server.Client.ModelInferAsync(Request("passthrough",
            ("x", "FP32", [2, 2], Bytes(1f, 2f, 3f, 4f)), ("key", "BYTES", [2, 1], [.. Text("one"u8), .. Text("two"u8)])));

        Assert.Equal(["doubled", "x", "key"], response.Outputs.Select(static output => output.Name));
        Assert.Equal([2f, 4f, 6f, 8f], Values<float>(response.RawOutputContents[0]));
        Assert.Equal([1f, 2f, 3f, 4f], Values<float>(response.RawOutputContents[1]));
        Assert.Equal([.. Text("one"u8), .. Text("two"u8)], response.RawOutputContents[2].ToByteArray());
    }

    [Fact]
    public async Task ModelInfer_InputsSwappedAndOutputsChosen_FollowsTheRequest()
    {
        var request = Request("add_sub", ("INPUT1", "FP32", [1, 4], Bytes(1f, 2f, 3f, 4f)), ("INPUT0", "FP32", [1, 4], Bytes(10f, 20f, 30f, 40f)));
        request.Id = "swapped";
        request.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "DIFFERENCE" });
        request.Parameters["priority"] = new InferParameter { Uint64Param = 1 };
        request.Parameters["timeout"] = new InferParameter { Int64Param = 1_000_000 };
        request.Parameters["weight"] = new InferParameter { DoubleParam = 0.5 };

        var response = await models.Server.Client.ModelInferAsync(request);

        Assert.Equal("swapped", response.Id);
        Assert.Equal("DIFFERENCE", Assert.Single(response.Outputs).Name);
        Assert.Equal([9f, 18f, 27f, 36f], Values<float>(response.RawOutputContents[0]));
    }

    [Fact]
    public async Task ModelInfer_SeveralDatatypes_EachComesBack()
    {
        var response = await models.Server.Client.ModelInferAsync(Request("multi_dtype",
            ("a", "FP32", [2, 2], Bytes(1f, 2f, 3f, 4f)), ("b", "INT32", [2, 3], Bytes(1, 2, 3, 4, 5, 6)), ("s", "BYTES", [2, 1], [.. Text("one"u8), .. Text([])])));

        Assert.Equal(["a_out", "b_out", "s_out"], response.Outputs.Select(static output => output.Name));
        Assert.Equal([1, 2, 3, 4, 5, 6], Values<int>(response.RawOutputContents[1]));
        Assert.Equal([.. Text("one"u8), .. Text([])], response.RawOutputContents[2].ToByteArray());
    }

    [Fact]
    public async Task ModelInfer_Classification_RanksWithLabels()
    {
        var request = Request("labels", ("x", "FP32", [2, 3], Bytes(0.1f, 0.7f, 0.2f, 5f, 5f, -1f)));
        request.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "scores", Parameters = { ["classification"] = new InferParameter { Int64Param = 2 } } });

        var response = await models.Server.Client.ModelInferAsync(request);

        Assert.Equal("BYTES", response.Outputs[0].Datatype);
        Assert.Equal([2, 2], response.Outputs[0].Shape);
        Assert.Equal([.. Text("0.700000:1:dog"u8), .. Text("0.200000:2:fox"u8), .. Text("5.000000:0:cat"u8), .. Text("5.000000:1:dog"u8)], response.RawOutputContents[0].ToByteArray());
    }

    [Theory]
    [InlineData("", 3)]
    [InlineData("1", 1)]
    [InlineData("2", 2)]
    public async Task ModelInfer_Version_IsTheOneAskedForOrTheNewest(string version, float added)
    {
        var request = Request("versions", ("x", "FP32", [1, 1], Bytes(10f)));
        request.ModelVersion = version;

        var response = await models.Server.Client.ModelInferAsync(request);

        Assert.Equal(10 + added, Values<float>(response.RawOutputContents[0])[0]);
        Assert.Equal(added.ToString(System.Globalization.CultureInfo.InvariantCulture), response.ModelVersion);
    }

    private static byte[] Text(ReadOnlySpan<byte> text)
    {
        var element = new byte[sizeof(uint) + text.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(element, (uint)text.Length);
        text.CopyTo(element.AsSpan(sizeof(uint)));
        return element;
    }

    private static InferTensorContents Typed(string datatype, byte[] raw)
    {
        var contents = new InferTensorContents();
        var bytes = ByteString.CopyFrom(raw);
        switch (datatype)
        {
            case "BOOL": contents.BoolContents.AddRange(raw.Select(static value => value != 0)); break;
            case "UINT8": contents.UintContents.AddRange(raw.Select(static value => (uint)value)); break;
            case "UINT16": contents.UintContents.AddRange(Values<ushort>(bytes).Select(static value => (uint)value)); break;
            case "UINT32": contents.UintContents.AddRange(Values<uint>(bytes)); break;
            case "UINT64": contents.Uint64Contents.AddRange(Values<ulong>(bytes)); break;
            case "INT8": contents.IntContents.AddRange(Values<sbyte>(bytes).Select(static value => (int)value)); break;
            case "INT16": contents.IntContents.AddRange(Values<short>(bytes).Select(static value => (int)value)); break;
            case "INT32": contents.IntContents.AddRange(Values<int>(bytes)); break;
            case "INT64": contents.Int64Contents.AddRange(Values<long>(bytes)); break;
            case "FP32": contents.Fp32Contents.AddRange(Values<float>(bytes)); break;
            case "FP64": contents.Fp64Contents.AddRange(Values<double>(bytes)); break;
            default:
                for (var at = 0; at < raw.Length;)
                {
                    var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(raw.AsSpan(at));
                    contents.BytesContents.Add(ByteString.CopyFrom(raw, at + sizeof(uint), length));
                    at += sizeof(uint) + length;
                }
                break;
        }
        return contents;
    }
}
