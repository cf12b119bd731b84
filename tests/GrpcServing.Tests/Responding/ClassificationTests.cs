using System.Text;
using CsCheck;
using GrpcServing.Models;
using GrpcServing.Responding;
using GrpcServing.Routing;
using GrpcServing.Tests.Decoding;
using static GrpcServing.Tests.Responding.ResponseHarness;

namespace GrpcServing.Tests.Responding;

public sealed class ClassificationTests
{
    [Fact]
    public void Classify_TwoRows_LargestFirstWithLabels()
    {
        var raw = RawForm.Bytes(0.1f, 0.9f, 0.5f, -1f, -3f, -2f);

        var classes = Classification.Classify(Tensor("y", TensorDataType.Fp32, "cat", "dog"), [2, 3], raw, hasBatchAxis: true, classes: 2);

        Assert.Equal([2, 2], classes.Shape);
        Assert.Equal(["0.900000:1:dog", "0.500000:2", "-1.000000:0:cat", "-2.000000:2"], Texts(classes));
    }

    [Fact]
    public void Classify_Ties_LowerIndexFirst()
    {
        var classes = Classification.Classify(Tensor("y", TensorDataType.Fp64), [1, 5], RawForm.Bytes(2.0, 1, 2, double.NaN, 2), hasBatchAxis: true, classes: 5);

        Assert.Equal(["2.000000:0", "2.000000:2", "2.000000:4", "1.000000:1", "nan:3"], Texts(classes));
    }

    [Fact]
    public void Classify_MoreThanThereAre_GivesAll()
    {
        var classes = Classification.Classify(Tensor("y", TensorDataType.UInt8), [2, 2], [1, 2, 4, 3], hasBatchAxis: true, classes: int.MaxValue);

        Assert.Equal([2, 2], classes.Shape);
        Assert.Equal(["2:1", "1:0", "4:0", "3:1"], Texts(classes));
    }

    [Fact]
    public void Classify_NoBatchAxis_IsOneRow()
    {
        var classes = Classification.Classify(Tensor("y", TensorDataType.Int8), [2, 2], RawForm.Bytes<sbyte>(-1, 5, 3, 0), hasBatchAxis: false, classes: 3);

        Assert.Equal([3], classes.Shape);
        Assert.Equal(["5:1", "3:2", "0:3"], Texts(classes));
    }

    [Theory]
    [InlineData(new long[] { 2, 0 })]
    [InlineData(new long[] { 0, 3 })]
    public void Classify_NothingToClassify_IsEmpty(long[] shape)
    {
        var classes = Classification.Classify(Tensor("y", TensorDataType.Fp32), shape, [], hasBatchAxis: true, classes: 3);

        Assert.Equal([shape[0], 0], classes.Shape);
        Assert.Empty(classes.Raw.ToArray());
    }

    [Fact]
    public void Classify_EveryNumericDatatype_KeepsItsValues()
    {
        AssertLargest(TensorDataType.UInt8, RawForm.Bytes<byte>(0, byte.MaxValue), "255:1");
        AssertLargest(TensorDataType.UInt16, RawForm.Bytes<ushort>(0, ushort.MaxValue), "65535:1");
        AssertLargest(TensorDataType.UInt32, RawForm.Bytes<uint>(0, uint.MaxValue), "4294967295:1");
        AssertLargest(TensorDataType.UInt64, RawForm.Bytes(ulong.MaxValue - 1, ulong.MaxValue), "18446744073709551615:1");
        AssertLargest(TensorDataType.Int8, RawForm.Bytes<sbyte>(-3, sbyte.MinValue), "-3:0");
        AssertLargest(TensorDataType.Int16, RawForm.Bytes<short>(-3, short.MinValue), "-3:0");
        AssertLargest(TensorDataType.Int32, RawForm.Bytes(-3, int.MinValue), "-3:0");
        AssertLargest(TensorDataType.Int64, RawForm.Bytes(long.MaxValue - 1, long.MaxValue), "9223372036854775807:1");
        AssertLargest(TensorDataType.Fp16, RawForm.Bytes((Half)1.5f, (Half)(-2f)), "1.500000:0");
        AssertLargest(TensorDataType.Bf16, RawForm.Bytes<ushort>(0x3f80, 0x4049), "3.140625:1");
        AssertLargest(TensorDataType.Fp32, RawForm.Bytes(float.MaxValue, 1f), "340282346638528859811704183484516925440.000000:0");
        AssertLargest(TensorDataType.Fp64, RawForm.Bytes(double.NegativeInfinity, double.PositiveInfinity), "inf:1");
    }

    /// <summary>Law: the same as sorting the whole row.</summary>
    [Fact]
    public void Classify_AnyRow_IsTheHeadOfTheSortedRow() =>
        Gen.Select(Gen.Int[-5, 5].Array[1, 60], Gen.Int[1, 70]).Sample((row, count) =>
        {
            var expected = row.Select(static (value, index) => (value, index)).OrderByDescending(static item => item.value).ThenBy(static item => item.index)
                .Take(count).Select(static item => FormattableString.Invariant($"{item.value}:{item.index}"));

            var classes = Classification.Classify(Tensor("y", TensorDataType.Int32), [1, row.Length], RawForm.Bytes(row), hasBatchAxis: true, count);

            Assert.Equal(expected, Texts(classes));
        });

    [Fact]
    public void Response_OneOutputClassified_IsBytes()
    {
        using var harness = new ResponseHarness();
        var spec = Spec("m", 1, 4, Tensor("y", TensorDataType.Fp32), Tensor("z", TensorDataType.Fp32, "no", "yes"));

        var response = harness.Response(
            spec, "", [(1, [1, 2], RawForm.Bytes(0.25f, 0.75f)), (0, [1, 1], RawForm.Bytes(4f))], [new RequestedOutput(1, 1), new RequestedOutput(0, 0)]);

        Assert.Equal(("z", TensorDataType.Bytes), (response.Name(0), response.DataType(0)));
        Assert.Equal([1, 1], response.Shape(0));
        Assert.Equal(RawForm.Strings("0.750000:1:yes"u8.ToArray()), response.Bytes(0).ToArray());
        Assert.Equal(("y", TensorDataType.Fp32), (response.Name(1), response.DataType(1)));
        Assert.Equal(RawForm.Bytes(4f), response.Bytes(1).ToArray());
        response.Release();
    }

    private static void AssertLargest(TensorDataType type, byte[] raw, string expected) =>
        Assert.Equal([expected], Texts(Classification.Classify(Tensor("y", type), [1, 2], raw, hasBatchAxis: true, classes: 1)));

    private static List<string> Texts(ClassTensor classes)
    {
        var texts = new List<string>();
        for (var raw = classes.Raw.Span; !raw.IsEmpty;)
        {
            var length = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(raw);
            texts.Add(Encoding.UTF8.GetString(raw.Slice(4, length)));
            raw = raw[(4 + length)..];
        }
        return texts;
    }
}
