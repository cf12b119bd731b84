using System.Buffers;
using Google.Protobuf;
using GrpcServing.Decoding;
using GrpcServing.Execution;
using GrpcServing.Protos;

namespace GrpcServing.Tests.Decoding;

public sealed class WireReaderTests : IDisposable
{
    private readonly TensorPool _pool = new();

    public void Dispose()
    {
        Assert.Equal(_pool.Rented, _pool.Returned);
        _pool.Dispose();
    }

    [Fact]
    public void Read_Malformed_SaysWhatAndWhere()
    {
        const string start = "the request is not a valid ModelInferRequest message: ";

        Assert.Equal(start + "a field claims 5 bytes where 2 are left (byte 2 of 4)", Error(0x0a, 5, (byte)'a', (byte)'b'));
        Assert.Equal(start + "model_name is not valid UTF-8 (byte 3 of 3)", Error(0x0a, 1, 0xff));
        Assert.Equal(start + "a field has the number 0 (byte 1 of 1)", Error(0x00));
        Assert.Equal(start + "the message ends inside a number (byte 2 of 2)", Error(0x0a, 0x80));
        Assert.Equal(start + "a number is longer than 10 bytes (byte 10 of 11)", Error([.. Enumerable.Repeat((byte)0x80, 11)]));
        Assert.Equal(start + "a group ends that did not begin (byte 2 of 2)", Error(0xa4, 0x01));
        Assert.Equal(start + "the message ends inside a group (byte 2 of 2)", Error(0xa3, 0x01));
        Assert.Equal(start + "field 20 has the unknown wire type 7 (byte 2 of 2)", Error(0xa7, 0x01));
        Assert.Equal(start + "the message ends inside a field (byte 2 of 4)", Error(0xa5, 0x01, 0, 0));
        Assert.Equal(
            start + "a packed field ends inside an element (byte 6 of 9)",
            Error(WireScrambler.Delimited(5, WireScrambler.Delimited(5, WireScrambler.Delimited(6, 0, 0, 0)))));
    }

    /// <summary>A body is only ever as large as the bytes that came, whatever they claim.</summary>
    [Fact]
    public void Read_ClaimsOfAGigabyte_AllocateNothing()
    {
        byte[] gigabyte = [0x80, 0x80, 0x80, 0x80, 0x04];
        byte[][] claims =
        [
            [0x0a, .. gigabyte],
            [0x1a, .. gigabyte],
            [0x2a, .. gigabyte],
            [0x3a, .. gigabyte],
            [0x22, .. gigabyte],
            WireScrambler.Delimited(5, [0x1a, .. gigabyte]),
            WireScrambler.Delimited(5, WireScrambler.Delimited(5, [0x32, .. gigabyte])),
            WireScrambler.Delimited(5, WireScrambler.Delimited(5, [0x42, .. gigabyte])),
        ];
        foreach (var claim in claims) Error(claim);

        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var claim in claims) Error(claim);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32_000);
        Assert.InRange(_pool.KeptBytes, 0, 4096);
    }

    /// <summary>A group around a group around ..., at the top, in a message and in a map entry: as deep as the generated parser goes, and no deeper.</summary>
    [Theory]
    [InlineData(97)]
    [InlineData(98)]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(101)]
    [InlineData(5000)]
    public void Read_NestedGroups_Agrees(int depth)
    {
        byte[] groups = [
            .. Enumerable.Range(0, depth).SelectMany(static _ => WireScrambler.Field(20, WireFormat.WireType.StartGroup)),
            .. Enumerable.Range(0, depth).SelectMany(static _ => WireScrambler.Field(20, WireFormat.WireType.EndGroup))];
        byte[][] messages =
        [
            groups,
            WireScrambler.Delimited(5, groups),
            WireScrambler.Delimited(5, WireScrambler.Delimited(5, groups)),
            WireScrambler.Delimited(4, groups),
            WireScrambler.Delimited(4, WireScrambler.Delimited(2, groups)),
            WireScrambler.Delimited(5, WireScrambler.Delimited(4, groups)),
            WireScrambler.Delimited(5, WireScrambler.Delimited(4, WireScrambler.Delimited(2, groups))),
            WireScrambler.Delimited(6, WireScrambler.Delimited(2, groups)),
        ];

        foreach (var message in messages)
        {
            Agreement.Check(message, new ReadOnlySequence<byte>(message), _pool);
            Agreement.Check(message, Segments.Of(message, 1), _pool);
        }
    }

    [Fact]
    public void Read_MoreThanItTakes_SaysHowMany()
    {
        var request = new ModelInferRequest { Inputs = { Enumerable.Range(0, UncheckedRequest.MaxTensors + 1).Select(static _ => new ModelInferRequest.Types.InferInputTensor()) } };
        Assert.Contains("it has more than 4096 inputs", Error(request.ToByteArray()), StringComparison.Ordinal);

        request = new ModelInferRequest { Outputs = { Enumerable.Range(0, UncheckedRequest.MaxTensors + 1).Select(static _ => new ModelInferRequest.Types.InferRequestedOutputTensor()) } };
        Assert.Contains("it has more than 4096 outputs", Error(request.ToByteArray()), StringComparison.Ordinal);

        request = new ModelInferRequest { RawInputContents = { Enumerable.Repeat(ByteString.Empty, UncheckedRequest.MaxTensors + 1) } };
        Assert.Contains("it has more than 4096 raw_input_contents", Error(request.ToByteArray()), StringComparison.Ordinal);

        request = new ModelInferRequest { Inputs = { new ModelInferRequest.Types.InferInputTensor { Shape = { new long[UncheckedRequest.MaxRank + 1] } } } };
        Assert.Contains("an input has more than 64 dimensions", Error(request.ToByteArray()), StringComparison.Ordinal);

        request = new ModelInferRequest();
        for (var i = 0; i <= UncheckedParameter.MaxCount; i++) request.Parameters.Add($"p{i}", new InferParameter());
        Assert.Contains("there are more than 256 parameters of one kind", Error(request.ToByteArray()), StringComparison.Ordinal);
    }

    /// <summary>Pieces of four kilobytes are what Kestrel delivers.</summary>
    [Theory]
    [InlineData(4096)]
    [InlineData(1000)]
    public void Read_LargeTensorInPieces_ArrivesWhole(int pieceSize)
    {
        var bytes = new byte[1_000_000];
        new Random(7).NextBytes(bytes);
        var message = new ModelInferRequest { ModelName = "m", RawInputContents = { ByteString.CopyFrom(bytes), ByteString.CopyFrom(bytes, 0, 5) } }.ToByteArray();

        var request = WireReader.Read(Segments.Of(message, pieceSize), _pool);

        Assert.True(request.Error.IsNone);
        Assert.Equal(bytes, request.Body!.Slice(request.RawContents[0].Offset, request.RawContents[0].Length).ToArray());
        Assert.Equal(bytes[..5], request.Body.Slice(request.RawContents[1].Offset, request.RawContents[1].Length).ToArray());
        Assert.Equal(1, _pool.Rented);
        request.Release();
    }

    private string Error(params byte[] bytes)
    {
        var request = WireReader.Read(new ReadOnlySequence<byte>(bytes), _pool);
        var error = request.Error;
        request.Release();
        Assert.Equal(ErrorReason.InvalidArgument, error.Reason);
        return error.Message;
    }
}
