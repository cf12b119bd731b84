using Google.Protobuf;
using GrpcServing.Protos;
using GrpcServing.Protos.Admin.V1;
using GrpcServing.Shadowing;

namespace GrpcServing.Tests.Shadowing;

public class CaptureFileTests
{
    private static readonly CapturedRequest[] Captured =
    [
        new() { Id = 1, Slice = "a", Request = new ModelInferRequest { ModelName = "m", Id = "one", RawInputContents = { ByteString.CopyFrom(new byte[300]) } } },
        new() { Id = 2, Disagreement = true, Request = new ModelInferRequest { ModelName = "m", Id = "two" }, Primary = new ModelInferResponse { Id = "two" } },
    ];

    [Fact]
    public void Read_WhatWasWritten_IsTheSame()
    {
        var (read, isCut) = Read(Written());

        Assert.Equal(Captured, read);
        Assert.False(isCut);
    }

    [Fact]
    public void Read_CutAtAnyByte_GivesWhatIsWholeAndSaysSo()
    {
        var file = Written();
        var ends = new[] { 8, 8 + MessageLength(Captured[0]), file.Length };
        for (var length = 8; length < file.Length; length++)
        {
            var (read, isCut) = Read(file[..length]);

            Assert.Equal(Captured.Take(ends.Count(end => end <= length) - 1), read);
            Assert.Equal(!ends.Contains(length), isCut);
        }
    }

    [Fact]
    public void Read_PlainRequests_AreNumbered()
    {
        using var file = new MemoryStream();
        foreach (var captured in Captured) captured.Request.WriteDelimitedTo(file);

        var (read, isCut) = Read(file.ToArray());

        Assert.Equal(Captured.Select(static captured => captured.Request), read.Select(static captured => captured.Request));
        Assert.Equal([1L, 2L], read.Select(static captured => captured.Id));
        Assert.False(isCut);
    }

    [Fact]
    public void Read_SomethingElse_IsRefused()
    {
        Assert.Throws<InvalidDataException>(() => Read("{\"model_name\": \"digits\"}"u8.ToArray()));
        Assert.Throws<InvalidDataException>(() => Read([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]));
    }

    [Fact]
    public void Read_LengthThatLies_TakesNoMemoryForIt()
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);

        // A claim of a gigabyte, and five bytes.
        var (read, isCut) = Read([.. Written()[..8], 0x80, 0x80, 0x80, 0x80, 0x04, 1, 2, 3, 4, 5]);

        Assert.Empty(read);
        Assert.True(isCut);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 64L << 20);
    }

    private static byte[] Written()
    {
        using var file = new MemoryStream();
        CaptureFile.WriteHeader(file);
        foreach (var captured in Captured) CaptureFile.Write(file, captured);
        return file.ToArray();
    }

    private static int MessageLength(CapturedRequest captured)
    {
        using var file = new MemoryStream();
        CaptureFile.Write(file, captured);
        return (int)file.Length;
    }

    private static (List<CapturedRequest> Read, bool IsCut) Read(byte[] file)
    {
        var isCut = false;
        using var stream = new MemoryStream(file);
        return ([.. CaptureFile.Read(stream, () => isCut = true)], isCut);
    }
}
